"""The options that many commands share, so that they look alike everywhere."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

JsonFlag: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON with the same content.")]
ProfileName: TypeAlias = Annotated[str | None, typer.Option("--profile", help="Which controller (default: ATTUNE_PROFILE, or `default`).")]
Wheels: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Install the version in this directory of wheels; needs no network.")
]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Print every file and command, and change nothing.")]
Purge: TypeAlias = Annotated[bool, typer.Option("--purge", help="Remove its state and settings too.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Most: TypeAlias = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most that many.")]


def group(text: str) -> typer.Typer:
    """Return an empty group of subcommands."""
    return typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None, add_completion=False)


def command() -> typer.Typer:
    """Return an app that holds exactly one command."""
    return typer.Typer(rich_markup_mode=None, add_completion=False)
