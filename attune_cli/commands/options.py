"""The options that many commands share, so that they look alike everywhere."""

from typing import Annotated, TypeAlias

import typer

JsonFlag: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON with the same content.")]
ProfileName: TypeAlias = Annotated[str | None, typer.Option("--profile", help="Which controller (default: ATTUNE_PROFILE, or `default`).")]
Most: TypeAlias = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most that many.")]


def group(text: str) -> typer.Typer:
    """Return an empty group of subcommands."""
    return typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None, add_completion=False)


def command() -> typer.Typer:
    """Return an app that holds exactly one command."""
    return typer.Typer(rich_markup_mode=None, add_completion=False)
