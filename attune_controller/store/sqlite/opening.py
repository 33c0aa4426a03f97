"""How a store on disk is opened: folder, lock, connections, schema, identity, threads.

Called by store.open_sqlite_store, in a thread, because every step of it waits for the disk.
"""

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import apsw

from attune_controller.store.errors import SqliteTooOld, StoreFailed
from attune_controller.store.sqlite.connection_thread import ConnectionThread
from attune_controller.store.sqlite.failures import OF_THE_DISK, explained
from attune_controller.store.sqlite.folder import DATABASE, FileIdentity, claim, identities, make_database
from attune_controller.store.sqlite.migrations import migrate
from attune_controller.store.sqlite.reader import Reader
from attune_controller.store.sqlite.reserve import Reserve
from attune_controller.store.sqlite.statements import execute, row_of
from attune_controller.store.sqlite.writer import Writer

#: The first release whose write-ahead log cannot be corrupted by a checkpoint that resets it (reliability.md §4.1).
OLDEST_SQLITE = (3, 51, 3)

# FULL: a commit waits for its sync (G1). The log is cut to 64 MiB after a burst. A page cache of 32 MiB holds the indexes' upper part.
_SETTINGS: LiteralString = """
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -32768;
PRAGMA journal_size_limit = 67108864;
"""


@dataclass(kw_only=True)
class OpenStore:
    """An open store's parts."""

    writer: ConnectionThread
    reader: ConnectionThread
    incarnation: str
    lock: int | None
    reserve: Reserve
    files: Mapping[Path, FileIdentity]

    def release(self) -> None:
        """Let the next controller have the folder; the last step, once."""
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None


def open_parts(folder: Path, fresh_incarnation: str, vfs: str | None, steps: Sequence[LiteralString]) -> OpenStore:
    """Open the store in a folder, whole or not at all; see open_sqlite_store for what may be refused."""
    if tuple(int(part) for part in apsw.sqlite_lib_version().split(".")) < OLDEST_SQLITE:
        raise SqliteTooOld(f"SQLite {apsw.sqlite_lib_version()}")
    with contextlib.ExitStack() as undo:
        lock = claim(folder)
        undo.callback(os.close, lock)
        try:
            place = make_database(folder)
            writing = _connect(place, apsw.SQLITE_OPEN_READWRITE, vfs)
            undo.callback(writing.close, force=True)
            incarnation = _prepare(writing, place, fresh_incarnation, steps)
            files = identities(place)
            reading = _connect(place, apsw.SQLITE_OPEN_READONLY, vfs)
            undo.callback(reading.close, force=True)
        except (*OF_THE_DISK, apsw.BusyError) as error:
            raise explained(error, folder / DATABASE) from error
        except OSError as error:
            raise StoreFailed(f"cannot open the store in {folder}: {error.strerror}") from error
        undo.pop_all()
        reserve = Reserve(folder)
        return OpenStore(
            writer=ConnectionThread(Writer(writing, reserve), "store-writer"),
            reader=ConnectionThread(Reader(reading), "store-reader"),
            lock=lock,
            incarnation=incarnation,
            reserve=reserve,
            files=files,
        )


def _connect(place: Path, flags: int, vfs: str | None) -> apsw.Connection:
    connection = apsw.Connection(str(place), flags=flags, vfs=vfs, statementcachesize=300)
    connection.set_busy_timeout(5_000)
    # Without this promise SQLite prepares a statement anew for each value it is bound to, to see whether a partial index fits that
    # value: measured 34 instead of 4 microseconds for one execution by its id. Ours fit by the words of the statement.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    return connection


def _prepare(connection: apsw.Connection, place: Path, fresh_incarnation: str, steps: Sequence[LiteralString]) -> str:
    """Set up the writing connection and the schema; return the store's identity, which a new one takes now."""
    if row_of(connection, "PRAGMA journal_mode = WAL") != ("wal",):
        raise StoreFailed(f"SQLite cannot keep a write-ahead log beside {place}; is it on a network file system?")
    execute(connection, _SETTINGS)
    migrate(connection, place, steps)
    execute(connection, "INSERT INTO identity (one, incarnation, turns) VALUES (1, ?, 0) ON CONFLICT DO NOTHING", fresh_incarnation)
    row = row_of(connection, "SELECT incarnation FROM identity")
    return str(row[0]) if row else ""
