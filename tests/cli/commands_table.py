"""Every command of the table and of its groups, as the parser knows them; used by tests that hold for all commands."""

from collections.abc import Iterator

from typer._click.core import Command, Context
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from attune_cli.main import app


def every_command() -> Iterator[tuple[str, TyperCommand]]:
    """Yield each command that does something, with its words, such as `agent environments list`."""
    yield from _below(get_command(app), "")


def _below(command: Command, words: str) -> Iterator[tuple[str, TyperCommand]]:
    if isinstance(command, TyperCommand):
        yield words, command
    elif isinstance(command, TyperGroup):
        with Context(command, info_name=words) as context:
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                yield from _below(inner, f"{words} {name}".strip())
