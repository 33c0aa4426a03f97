"""`attune store`: whether what the programs keep on this host's disk is as they wrote it."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.commands.options import JsonFlag, group
from attune_cli.errors import NothingToCheck
from attune_cli.render.output import show_json, show_line
from attune_core.damage import Damage
from attune_core.values import JsonObject, JsonValue

#: Where the programs keep their state unless they are told otherwise.
DEFAULT_STATES = (Path("/var/lib/attune-controller"), Path("/var/lib/attune"), Path("/var/lib/attune-executor"))
REMEDIES = {
    "controller": "stop the controller, keep the directory as it is, and restore the newest backup: attune controller restore",
    "backup": "take another backup; what is in this one cannot be trusted, and restore refuses it",
    "agent": "stop the agent, keep the directory as it is; then attune agent forget at the controller, and join anew in an empty directory",
    "executor": "stop agent and executor, keep the directory as it is, and start the executor on an empty one: what it ran is lost",
}

app = group("Look after what the programs keep on this host.")


@app.callback()
def store() -> None:
    """Look after what the programs keep on this host."""


@app.command()
def check(
    states: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DIR]…", help="State directories of a controller, an agent or an executor, or backups; else those in /var/lib."
        ),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Say what is damaged.

    Of a controller's store, an agent's state, an executor's journal or a backup; nothing is changed or removed. The controller and the
    executor may go on running, the agent has to be stopped. Exit code 1: something is damaged.

    Example: attune store check /var/lib/attune-controller
    """
    asked = states or [place for place in DEFAULT_STATES if place.is_dir()]
    found = [(kind, damage) for place in asked for kind, checks in _checks(place) for damage in checks]
    if not asked:
        raise NothingToCheck(f"none of {', '.join(map(str, DEFAULT_STATES))} is there")
    if json:
        shown: list[JsonValue] = [_shown(kind, damage) for kind, damage in found]
        show_json(shown)
    else:
        for _, damage in found:
            show_line(f"{damage.file}: {damage.place}: {damage.what}")
        for kind in dict.fromkeys(kind for kind, _ in found):
            show_line(f"what to do: {REMEDIES[kind]}")
        if not found:
            show_line("no damage found")
    raise typer.Exit(1 if found else 0)


def _shown(kind: str, damage: Damage) -> JsonObject:
    return {"kind": kind, "file": damage.file, "place": damage.place, "what": damage.what, "remedy": REMEDIES[kind]}


def _checks(place: Path) -> Iterator[tuple[str, Iterator[Damage]]]:
    """Yield what a directory is of, and its checks; a directory may be of an agent and its executor at once, as in `attune up`."""
    from attune_agent.journal_check import check_journal
    from attune_agent.state.checking import check_state
    from attune_controller.backup import MANIFEST, check_backup
    from attune_controller.store.sqlite.checking import check_store

    known = backup = (place / MANIFEST).is_file()
    if backup:
        yield "backup", check_backup(place)
    for folder in (place / "store", place):
        if (folder / "format").is_file() and (folder / "store.sqlite").exists():
            known = True
            yield "backup" if backup else "controller", check_store(folder)
            break
    if (database := place / "agent" / "agent.sqlite").exists():
        known = True
        yield "agent", check_state(database)
    segments = sorted(chain(place.glob("*.journal"), place.glob("*/*.journal")))
    if segments:
        known = True
        yield "executor", check_journal(segments)
    if not known:
        raise NothingToCheck(f"{place} is no state directory of a controller, an agent or an executor, and no backup")
