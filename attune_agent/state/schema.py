"""The tables of the agent's database, version 1, and how a file becomes one; used by `sqlite`.

A later version adds its migration here, with a copy kept (design §5, Versions).
"""

from pathlib import Path

import apsw

from attune_agent.errors import StateFormatUnknown, StateInUse, StateUnreadable, StateUnwritable

#: `PRAGMA user_version`.
VERSION = 1

_TABLES = """
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
"""


def open_database(path: Path) -> apsw.Connection:
    """Open or make the database: WAL, every commit synced, this process alone; the errors are those of `errors.State…`."""
    try:
        connection = apsw.Connection(str(path))
    except apsw.Error as error:
        raise StateUnwritable(f"{path} cannot be opened: {error}") from error
    try:
        _prepare(connection)
    except apsw.BusyError as error:
        connection.close()
        raise StateInUse(f"{path} is held by another process") from error
    except (apsw.NotADBError, apsw.CorruptError) as error:
        connection.close()
        raise StateUnreadable(f"{path}: {error}") from error
    except apsw.Error as error:
        connection.close()
        raise StateUnwritable(f"{path}: {error}") from error
    except StateFormatUnknown:
        connection.close()
        raise
    return connection


def _prepare(connection: apsw.Connection) -> None:
    # Exclusive: no other process can write here, and the index of the WAL stays in memory.
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").get
    if version == 0:
        connection.execute(_TABLES)
        connection.execute(f"PRAGMA user_version={VERSION}")
    elif version != VERSION:
        connection.execute("ROLLBACK")
        raise StateFormatUnknown(f"the agent's database has version {version}, this program reads {VERSION}")
    connection.execute("COMMIT")
