"""What is wrong with an agent's database: SQLite's own structure, every row as the agent reads it, and the state's own rules.

Called by `attune store check` while the agent is stopped. Nothing is changed. Each execution's place stands in its row and in its body.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import apsw
from pydantic import BaseModel, ValidationError

from attune_agent.errors import StateFormatUnknown, StateInUse, StateUnreadable
from attune_agent.state.schema import VERSION
from attune_core.damage import Damage, log_damage_in
from attune_core.wire.agent_frames import Report
from attune_core.wire.assignment import Assign, Policy
from attune_core.wire.sensors import SensorAssignment

_BEYOND: LiteralString = """
SELECT i.execution FROM items i LEFT JOIN queues q USING (place, action, key, epoch) WHERE q.last IS NULL OR i.sequence > q.last
"""
#: What a body is, how it is found, as what it is read, and since which version of the file it is there.
_BODIES: tuple[tuple[str, LiteralString, type[BaseModel], int], ...] = (
    ("execution", "SELECT execution, body FROM items", Assign, 1),
    ("report", "SELECT number, body FROM outbox", Report, 1),
    ("policy", "SELECT action, body FROM policies", Policy, 1),
    ("sensor", "SELECT sensor, body FROM sensors", SensorAssignment, 4),
)


def check_state(place: Path) -> Iterator[Damage]:
    """Yield what is wrong with an agent's database; `StateInUse` while an agent has it, `StateFormatUnknown`, `StateUnreadable`."""
    log = place.with_name(f"{place.name}-wal")
    try:
        if log.exists():
            yield from log_damage_in(log.read_bytes, str(log))
        connection = apsw.Connection(str(place), flags=apsw.SQLITE_OPEN_READONLY)
    except (OSError, apsw.CantOpenError) as error:
        raise StateUnreadable(f"{place}: {error}") from error
    try:
        yield from _check(connection, str(place))
    except apsw.BusyError as error:
        raise StateInUse(f"{place} is held by an agent", hint="stop attune-agent on this host; what it runs goes on") from error
    finally:
        connection.close()


def _check(connection: apsw.Connection, file: str) -> Iterator[Damage]:
    try:
        structure = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(100)")]
        version = connection.execute("PRAGMA user_version").get
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
        yield Damage(file=file, place="the file", what=str(error))
        return
    found = [Damage(file=file, place="structure", what=line) for line in structure if line != "ok"]
    yield from found
    if found:
        return
    if not isinstance(version, int) or version > VERSION:
        raise StateFormatUnknown(f"{file} has version {version}, this program reads up to {VERSION}")
    try:
        for (execution,) in connection.execute(_BEYOND):
            yield Damage(file=file, place=f"execution {execution}", what="its place lies beyond the last of its queue")
        yield from _bodies(connection, file, version)
    except (apsw.CorruptError, apsw.SQLError, UnicodeDecodeError) as error:  # SQLError: a column's name has changed
        yield Damage(file=file, place="a row", what=str(error))


def _bodies(connection: apsw.Connection, file: str, version: int) -> Iterator[Damage]:
    for name, query, model, since in _BODIES:
        for key, body in connection.execute(query) if version >= since else ():
            try:
                model.model_validate_json(body)
            except ValidationError as error:
                yield Damage(file=file, place=f"{name} {key}", what=f"it cannot be read ({error.error_count()} mistakes)")
    for row in connection.execute("SELECT execution, place, action, key, epoch, sequence, body FROM items"):
        try:
            body = Assign.model_validate_json(row[6])
        except ValidationError:
            continue  # said above
        if row[:6] != (body.execution, body.queue.place, body.queue.action, body.queue.key, body.epoch, body.sequence):
            yield Damage(file=file, place=f"execution {row[0]}", what="it does not stand where its assignment says")
