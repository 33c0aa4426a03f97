"""Every command of the table with arguments that it takes, made out of its own declarations; for tests of what all commands share.

A command that needs more than the values below has a line in OWN.
"""

from collections.abc import Iterator, Mapping, Sequence

from typer._click.core import Command, Context
from typer.core import TyperArgument, TyperGroup
from typer.main import get_command

from attune_cli.main import app

#: What an argument or a required option of this name is given; all others get `1`.
VALUES: Mapping[str, str] = {
    "trigger": "web.alert",
    "action": "web.restart",
    "scope": "read",
    "why": "why",
    "payload": "{}",
    "event_type": "web.alert",
}
#: A line of events, in the folder where the commands are run.
EVENTS, EVENT = "events.ndjson", '{"specversion": "1.0", "id": "1", "source": "s", "type": "web.alert", "time": "2026-01-01T00:00:00Z"}\n'
#: Arguments of commands that would not reach a controller with those alone.
OWN: Mapping[str, Sequence[str]] = {
    "event import": (EVENTS,),
    "dashboard": ("--json",),
    "event replay": ("1", "--yes"),
    "event dead-letter retry": ("1",),
    "event dead-letter drop": ("1", "--yes"),
    "explain": ("event", "1"),
    "sensor show": ("web.disk",),
    "rule show": ("web.restart",),
    "timer show": ("web.nightly",),
    "sensor logs": ("web.disk",),
}


def every_command() -> Iterator[tuple[str, Command]]:
    """Yield the words of each command that is no group, and the command."""
    yield from _below(get_command(app), "")


def is_remote(command: Command) -> bool:
    """Tell whether it talks to a controller: it reads a profile (`up` writes one)."""
    return any("--profile" in parameter.opts and parameter.default is None for parameter in command.params)


def words_of(words: str, command: Command) -> list[str]:
    """Return a command line."""
    if words in OWN:
        return [*words.split(), *OWN[words]]
    given = words.split()
    for parameter in command.params:
        if parameter.required:
            value = VALUES.get(parameter.name or "", "1")
            given += [value] if isinstance(parameter, TyperArgument) else [parameter.opts[0], value]
    return given


def _below(command: Command, words: str) -> Iterator[tuple[str, Command]]:
    if not isinstance(command, TyperGroup):
        yield words, command
        return
    with Context(command, info_name=words) as context:
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _below(inner, f"{words} {name}".strip())
