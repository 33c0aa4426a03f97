"""`attune validate`: check a pack repository, in a folder or at a revision, as the controller will.

Calls attune_cli.checking and renders its Problems; the exit code is 0 without errors, 1 with, 2 for bad use, 3 for a failure.
"""

import gc
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.checking import Asked, More, check
from attune_cli.commands.options import JsonFlag, command
from attune_cli.errors import BadArgument
from attune_cli.render.formats import Format, chosen_format, write
from attune_cli.revision_range import parse_range

app = command()


@app.command()
def validate(
    path: Annotated[Path, typer.Argument(help="The repository, or a place in it.")] = Path(),
    format_: Annotated[
        Format | None, typer.Option("--format", help="How to print it (default: text; github in a job of GitHub Actions).")
    ] = None,
    json: JsonFlag = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings end with 1 as well.")] = False,
    revision: Annotated[
        str | None, typer.Option("--revision", help="Check a branch, tag or commit instead of the files as they are.")
    ] = None,
    base: Annotated[
        str | None, typer.Option("--base", metavar="REV", help="Warn of packs that changed since and kept their version.")
    ] = None,
    changed: Annotated[
        str | None,
        typer.Option(
            "--changed",
            metavar="BASE..HEAD",
            help="Check HEAD whole, and show what BASE does not have. `...`: since their merge base; without HEAD: the files as they are.",
        ),
    ] = None,
    environments: Annotated[
        bool, typer.Option("--environments", help="Build every declared environment on this machine; one that cannot be built ends with 1.")
    ] = False,
    state: Annotated[
        Path | None, typer.Option("--state", help="With --environments: keep what is built in this directory (default: a temporary one).")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="With --environments: an agent.yaml, for example with its `network`.")
    ] = None,
) -> None:
    """Check a pack repository.

    Example: attune validate --changed main...
    """
    gc.disable()  # the process ends with this command; collecting a tree that is still in use takes a third of the time
    if changed and (base or revision):
        raise BadArgument("--changed names base and revision itself", hint="leave --base and --revision out")
    asked = Asked(path=path, revision=revision, base=base, changed=parse_range(changed) if changed else None)
    if (state or config) and not environments:
        raise BadArgument("--state and --config are for --environments")
    chosen = _format(format_, json=json)
    more = _builds(state, config, json=chosen is Format.JSON) if environments else None
    raise typer.Exit(validate_command(asked, chosen, strict=strict, more=more))


def validate_command(asked: Asked, chosen: Format, *, strict: bool = False, more: More | None = None) -> int:
    """Check and print; return 1 if what is shown has errors, or warnings where it is to be strict."""
    checked = check(asked, more)
    write(checked, chosen)
    return 1 if checked.fails(strict=strict) else 0


def _builds(state: Path | None, config: Path | None, *, json: bool) -> More:
    from functools import partial

    from attune_cli.local.environment_check import build_all

    return partial(build_all, state=state, config=config, json=json)


def _format(chosen: Format | None, *, json: bool) -> Format:
    if not json:
        return chosen or chosen_format()
    if chosen not in (None, Format.JSON):
        raise BadArgument(f"--json and --format {chosen} contradict each other", hint="give one of them")
    return Format.JSON
