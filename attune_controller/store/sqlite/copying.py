"""A consistent copy of a store, made beside a running controller: one read transaction, which holds up no commit.

Called by `backup`, in a process of its own. `VACUUM INTO` reads every page that is in use and writes them in order: what it makes is whole
and as small as it can be. SQLite's backup of pages would begin anew at each commit of the controller, and under load never end.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import apsw

from attune_controller.store.errors import UnknownFormat
from attune_controller.store.sqlite.failures import explained
from attune_controller.store.sqlite.folder import DATABASE, FORMAT, check_format, write_durably
from attune_controller.store.sqlite.statements import execute, row_of


@dataclass(frozen=True, kw_only=True)
class CopiedStore:
    """What was copied: the schema's version and the identity."""

    version: int
    incarnation: str


def copy_store(folder: Path, into: Path) -> CopiedStore:
    """Copy the store in a folder into a new one; `UnknownFormat` when there is none, `StoreDamaged`, `StoreFull`, `StoreFailed`."""
    if not check_format(folder):
        raise UnknownFormat(f"{folder} holds no controller's store")
    into.mkdir(mode=0o700)
    write_durably(into / "format", FORMAT)
    place = into / DATABASE
    write_durably(place, "")  # private from its first byte on
    try:
        connection = apsw.Connection(str(folder / DATABASE), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(5_000)
            execute(connection, "VACUUM INTO ?", str(place))
        finally:
            connection.close()
        _sync(place)
        copy = apsw.Connection(str(place), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            (version,) = cast("tuple[int]", row_of(copy, "PRAGMA user_version"))
            (incarnation,) = cast("tuple[str]", row_of(copy, "SELECT incarnation FROM identity"))
        finally:
            copy.close()
    except apsw.Error as error:
        raise explained(error, folder / DATABASE) from error
    return CopiedStore(version=version, incarnation=incarnation)


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
