"""The tables of the agent's database as numbered steps, and how a file becomes one of the newest version; used by `sqlite`.

A released step is never edited: a change is a new step at the end. A file of an earlier version is copied before it is changed.
"""

import os
from pathlib import Path
from typing import LiteralString

import apsw

from attune_agent.errors import StateFormatUnknown, StateInUse, StateUnreadable, StateUnwritable

_FIRST: LiteralString = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE queues (
    place TEXT NOT NULL, action TEXT NOT NULL, key TEXT NOT NULL, epoch INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (place, action, key, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE items (
    execution TEXT PRIMARY KEY,
    place TEXT NOT NULL, action TEXT NOT NULL, key TEXT NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
    body TEXT NOT NULL,
    phase TEXT NOT NULL DEFAULT 'waiting',
    attempt INTEGER NOT NULL DEFAULT 1,
    excused INTEGER NOT NULL DEFAULT 0,
    ever_started INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0,
    cancel TEXT NOT NULL DEFAULT '',
    state_id TEXT NOT NULL DEFAULT '',
    life TEXT NOT NULL DEFAULT '',
    UNIQUE (place, action, key, epoch, sequence)
) STRICT;
CREATE TABLE outbox (number INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE policies (action TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
"""

# When an execution was accepted, for `start_within`, and what rates have spent.
_POLICIES: LiteralString = """
ALTER TABLE items ADD COLUMN accepted REAL NOT NULL DEFAULT 0;
CREATE TABLE buckets (
    action TEXT NOT NULL, key TEXT NOT NULL,
    full_at REAL NOT NULL, stored_at REAL NOT NULL,
    PRIMARY KEY (action, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX buckets_full ON buckets (full_at);
PRAGMA user_version = 2;
"""

# When something was last appended to a queue, by the wall clock, so that queues that are used no more can be forgotten.
_TOUCHED: LiteralString = """
ALTER TABLE queues ADD COLUMN touched REAL NOT NULL DEFAULT 0;
PRAGMA user_version = 3;
"""

# Sensors: which are assigned, the runs of them that are not done with, and what polls returned.
_SENSORS: LiteralString = """
CREATE TABLE sensors (sensor TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sensor_runs (
    number INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE, sensor TEXT NOT NULL, fingerprint TEXT NOT NULL, state_id TEXT NOT NULL, poll INTEGER NOT NULL,
    done INTEGER NOT NULL DEFAULT 0, skipping INTEGER NOT NULL DEFAULT 0, length INTEGER
) STRICT;
CREATE TABLE polls (sensor TEXT PRIMARY KEY, state TEXT NOT NULL, began REAL NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = 4;
"""

# The pack out of which a run was started: it stays here for as long as that goes on. Empty: begun before this was stored.
_PACKS_OF_RUNS: LiteralString = """
ALTER TABLE sensor_runs ADD COLUMN digest TEXT NOT NULL DEFAULT '';
PRAGMA user_version = 5;
"""

#: Step n brings version n-1 to n and says so in its last line; PRAGMA user_version takes no parameter, and is part of the transaction.
MIGRATIONS: tuple[LiteralString, ...] = (_FIRST, _POLICIES, _TOUCHED, _SENSORS, _PACKS_OF_RUNS)
#: `PRAGMA user_version` of this program's files.
VERSION = len(MIGRATIONS)


def open_database(path: Path) -> apsw.Connection:
    """Open or make the database: WAL, every commit synced, this process alone; the errors are those of `errors.State…`."""
    try:
        connection = apsw.Connection(str(path))
    except apsw.Error as error:
        raise StateUnwritable(f"{path} cannot be opened: {error}") from error
    try:
        _prepare(connection, path)
    except apsw.BusyError as error:
        connection.close()
        raise StateInUse(f"{path} is held by another process") from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        connection.close()
        raise StateUnreadable(f"{path}: {error}") from error
    except (apsw.Error, OSError) as error:
        connection.close()
        raise StateUnwritable(f"{path}: {error}") from error
    except StateFormatUnknown:
        connection.close()
        raise
    return connection


def _prepare(connection: apsw.Connection, path: Path) -> None:
    # Exclusive: no other process can write here, and the index of the WAL stays in memory.
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("BEGIN IMMEDIATE")
    version: int = connection.execute("PRAGMA user_version").get
    connection.execute("COMMIT")
    if version > VERSION:
        raise StateFormatUnknown(f"the agent's database has version {version}, this program reads up to {VERSION}")
    if 0 < version < VERSION:
        _keep_copy(connection, path.with_name(f"{path.name}.v{version}"))
    for step in MIGRATIONS[version:]:
        with connection:
            connection.execute(step)


def _keep_copy(connection: apsw.Connection, copy: Path) -> None:
    copy.unlink(missing_ok=True)  # left by an attempt that died while it copied
    with os.fdopen(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)) as file:
        connection.execute("VACUUM INTO ?", (str(copy),)).fetchall()
        os.fsync(file.fileno())
