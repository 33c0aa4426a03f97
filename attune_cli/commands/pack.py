"""`attune pack`: packs of a working copy; their lock files, made with the ecosystems' own lockers."""

from pathlib import Path
from typing import Annotated

import typer

from attune_cli.commands.options import JsonFlag, group
from attune_cli.local.locking import lock, lockings_of
from attune_cli.render.output import note, show_json, show_line
from attune_cli.working_pack import working_pack
from attune_core.values import JsonValue

app = group("Packs of a working copy: their lock files.")


@app.callback()
def pack() -> None:
    """Packs of a working copy: their lock files."""


@app.command("lock")
def lock_pack(
    pack: Annotated[str, typer.Argument(help="The pack.")],
    environment: Annotated[str | None, typer.Argument(help="One of its environments; without it all.")] = None,
    repository: Annotated[Path, typer.Option("--repository", help="A path in the pack repository.")] = Path(),
    json: JsonFlag = False,
) -> None:
    """Make the lock files of a pack's environments.

    The ecosystems' own lockers make them from their manifests. Versions that fit stay as they are. Ends with 1 when a lock file leaves
    something open that agents refuse.

    Example: attune pack lock web python
    """
    found: list[JsonValue] = []
    open_ones = 0
    whole = working_pack(repository, pack)
    for locking in list(lockings_of(whole, environment)):
        place = whole.place(locking.path)
        note(f"{locking.environment}: {locking.said}")
        locked = lock(locking)
        for mistake in locked.mistakes:
            note(mistake.within(place))
        open_ones += bool(locked.mistakes)
        if not json:
            show_line(f"{place}: {'written' if locked.changed else 'as it was'}")
        found.append(
            {
                "environment": locking.environment,
                "ecosystem": locking.ecosystem,
                "lock": place,
                "changed": locked.changed,
                "problems": [mistake.within(locking.path.name) for mistake in locked.mistakes],
            }
        )
    if json:
        show_json({"pack": pack, "environments": found})
    elif not found:
        show_line(f"pack {pack} has no environment that installs something")
    raise typer.Exit(1 if open_ones else 0)
