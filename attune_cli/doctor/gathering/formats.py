"""Numbers of what is on disk, read without opening any store, and versions of what runs; called by `table`."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from attune_cli.doctor.facts import Format, Installed
from attune_cli.doctor.findings import Unseen
from attune_cli.doctor.here import Here
from attune_core.version import VERSION

#: Where a SQLite file has its user_version (sqlite.org/fileformat2.html).
_USER_VERSION, _MAGIC = slice(60, 64), b"SQLite format 3\0"


def formats(here: Here) -> Iterator[Format | Unseen]:
    """Yield the format of each directory, and the version of each database."""
    if here.controller:
        yield from _of_controller(here.controller.state / "store")
    if here.agent:
        yield from _of_agent(here.agent.layout.agent, here.agent.executor_state)


def programs(here: Here) -> Iterator[Installed]:
    """Yield the version of an agent that runs."""
    if not here.agent:
        return
    try:
        said = json.loads(here.agent.layout.ready.read_bytes())["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # it does not run, which `agent.joined` says, or it is not for us to read
    restart = "systemctl restart attune-agent (what runs goes on)"
    yield Installed(program="agent", running=str(said), installed=VERSION, restart=restart)


def _of_controller(store: Path) -> Iterator[Format | Unseen]:
    try:
        from attune_controller.store.sqlite.folder import FORMAT
        from attune_controller.store.sqlite.migrations import MIGRATIONS
    except ImportError:
        yield Unseen(program="controller", about=str(store), why="the controller is not installed with this command")
        return
    name, _, newest = FORMAT.strip().rpartition(" ")
    yield from _format("controller", store / "format", "format", _after(f"{name} "), int(newest))
    yield from _database("controller", store / "store.sqlite", len(MIGRATIONS))


def _of_agent(folder: Path, executor: Path) -> Iterator[Format | Unseen]:
    from attune_agent.executor.places import FORMAT
    from attune_agent.layout import STATE_FORMAT

    yield from _format("agent", folder / "format", "format", _number, int(STATE_FORMAT))
    try:
        from attune_agent.state.schema import VERSION as NEWEST
    except ImportError:
        yield Unseen(program="agent", about=str(folder), why="the agent is not installed with this command")
    else:
        yield from _database("agent", folder / "agent.sqlite", NEWEST)
    yield from _format("executor", executor / "format", "format", _number_of_json, FORMAT)


def _format(program: str, path: Path, what: str, read: Callable[[str], int | None], newest: int) -> Iterator[Format | Unseen]:
    try:
        with path.open("rb") as file:
            found = file.read(200).decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return  # it is written at the first start
    except OSError as error:
        yield Unseen(program=program, about=str(path), why=error.strerror or str(error), remedy="sudo attune doctor")
        return
    yield Format(program=program, path=str(path), what=what, found=found, number=read(found), newest=newest)


def _database(program: str, path: Path, newest: int) -> Iterator[Format | Unseen]:
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        yield Unseen(program=program, about=str(path), why=error.strerror or str(error), remedy="sudo attune doctor")
        return
    if newer := _first_page_in_log(path.with_name(f"{path.name}-wal")):
        head = newer
    if not head:
        return  # made, and nothing was written yet
    number = int.from_bytes(head[_USER_VERSION], "big") if head.startswith(_MAGIC) else None
    yield Format(program=program, path=str(path), what="schema", found=head[:15].decode("latin-1"), number=number, newest=newest)


def _first_page_in_log(log: Path) -> bytes:
    """Return the beginning of the newest first page that a write-ahead log holds (sqlite.org/fileformat2.html, 4); nothing without one."""
    try:
        with log.open("rb") as file:
            start, found = file.read(32), b""
            size = int.from_bytes(start[8:12], "big")
            while size and len(frame := file.read(24)) == 24 and frame[8:16] == start[16:24]:
                if frame[:4] == b"\0\0\0\1":
                    found = file.read(100)
                    file.seek(size - len(found), os.SEEK_CUR)
                else:
                    file.seek(size, os.SEEK_CUR)
            return found
    except OSError:
        return b""


def _after(words: str) -> Callable[[str], int | None]:
    return lambda text: _number(text.removeprefix(words)) if text.startswith(words) else None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _number_of_json(text: str) -> int | None:
    try:
        found = json.loads(text)["format"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, int) else None
