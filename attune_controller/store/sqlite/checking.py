"""What is wrong with a controller's store: SQLite's own structure, every row as the controller reads it, and the store's own rules.

Called by `attune store check`, also beside a running controller. Nothing is changed. What is stored twice (counters, places and ends in the
history, lengths) is compared; a changed letter inside a text that is stored once cannot be told from one that was always so.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import apsw

from attune_controller.store.errors import StoreFailed, StoreTooNew, UnknownFormat
from attune_controller.store.sqlite.event_rows import COLUMNS, event_of
from attune_controller.store.sqlite.execution_rows import SELECT, execution_of
from attune_controller.store.sqlite.failures import explained
from attune_controller.store.sqlite.folder import DATABASE, check_format
from attune_controller.store.sqlite.migrations import MIGRATIONS
from attune_controller.store.sqlite.statements import each_row, row_of
from attune_core.damage import Damage, log_damage_in

#: Findings of one kind beyond which there is no point in more.
MOST = 100
_SCHEMA: LiteralString = "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'"
COUNTED: LiteralString = """
SELECT id, waiting, unstarted, unstarted_bytes, unsettled FROM queues
EXCEPT SELECT q.id, coalesce(sum(e.state = 'queued' AND e.handed = 0 AND e.ready_at = 0), 0),
coalesce(sum(e.handed = 1 AND (e.state IN ('queued', 'assigned') OR e.state = 'preparing' AND e.attempt <= 1)), 0),
coalesce(sum(iif(e.handed = 1 AND (e.state IN ('queued', 'assigned') OR e.state = 'preparing' AND e.attempt <= 1), e.input_bytes, 0)), 0),
coalesce(sum(e.state != 'settled'), 0)
FROM queues q LEFT JOIN executions e ON e.queue = q.id GROUP BY q.id
"""
LOADED: LiteralString = """
SELECT 'agent', agent FROM (
    SELECT agent, unsettled AS more FROM loads
    UNION ALL SELECT agent, -count(*) FROM executions WHERE state != 'settled' GROUP BY agent
) GROUP BY agent HAVING sum(more) != 0
"""
#: What must return no row: the table and row it is about come first.
RULES: dict[LiteralString, LiteralString] = {
    "a queue's counters are not those of its executions": COUNTED,
    "an agent's load is not that of its executions": LOADED,
    "a place in a queue is given twice": """
        SELECT 'execution', max(number) FROM executions WHERE queue IS NOT NULL AND ready_at = 0
        GROUP BY queue, epoch, sequence HAVING count(*) > 1""",
    "a place lies beyond what its queue has given": """
        SELECT 'execution', e.number FROM executions e JOIN queues q ON q.id = e.queue
        WHERE e.sequence > q.last_sequence OR (e.epoch > q.epoch AND e.state != 'settled') OR e.sequence < 1 OR e.epoch < 0""",
    "an event is neither planned nor waiting for its plan, or both": """
        SELECT 'event', position FROM events e
        WHERE (position IN (SELECT position FROM plans)) = (position IN (SELECT position FROM unplanned))""",
    "a plan is of no event": """
        SELECT 'event', position FROM (SELECT position FROM plans UNION SELECT position FROM unplanned)
        WHERE position NOT IN (SELECT position FROM events)""",
    "an execution has no request, or a request no execution": """
        SELECT 'execution', number FROM executions WHERE number NOT IN (SELECT number FROM requests)
        UNION ALL SELECT 'request', number FROM requests WHERE number NOT IN (SELECT number FROM executions)""",
    "an input has another length than it had": """
        SELECT 'execution', e.number FROM executions e JOIN requests r USING (number) WHERE e.input_bytes != octet_length(r.input)""",
    "an execution is not where its history says": """
        SELECT 'execution', e.number FROM executions e JOIN history h ON h.n = (SELECT max(n) FROM history WHERE number = e.number)
        WHERE e.ready_at = 0 AND (h.queue IS NOT e.queue OR h.epoch != e.epoch OR h.sequence != e.sequence
        OR (h.state = 'settled') != (e.state = 'settled') OR h.outcome IS NOT e.outcome)""",
    "a step of the history is in no state that there is": """
        SELECT 'history', n FROM history WHERE state NOT IN ('accepted', 'queued', 'assigned', 'preparing', 'started', 'settled')""",
    "an execution stands in the queue of another place": """
        SELECT 'execution', e.number FROM executions e JOIN queues q ON q.id = e.queue JOIN requests r USING (number)
        WHERE q.place != iif(e.fleet, '*', e.agent) OR q.action != e.action OR q.key != r.key OR e.fleet NOT IN (0, 1)""",
    "a group of waiting events is not of the events that it names, or of one that is not there": """
        SELECT 'group', rule FROM event_groups WHERE last NOT IN (SELECT position FROM events) OR CASE WHEN json_valid(members)
        THEN first IS NOT members ->> '$[0][0]' OR last IS NOT members ->> '$[#-1][0]' OR count < json_array_length(members)
        OR due < opened_at OR back > opened_at ELSE 1 END""",
    "a number or position is beyond the last that was given": """
        SELECT 'execution', number FROM executions WHERE number > (SELECT seq FROM sqlite_sequence WHERE name = 'executions')
        UNION ALL SELECT 'event', position FROM events WHERE position > (SELECT seq FROM sqlite_sequence WHERE name = 'events')
        UNION ALL SELECT 'history', n FROM history WHERE n > (SELECT seq FROM sqlite_sequence WHERE name = 'history')""",
    "a last number that was given is of no table that gives numbers": """
        SELECT 'numbers', name FROM sqlite_sequence
        WHERE name NOT IN (SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%')""",
}


def check_store(folder: Path) -> Iterator[Damage]:
    """Yield what is wrong with the store in a folder; `UnknownFormat` when there is none, `StoreTooNew`, `StoreFailed`."""
    if not check_format(folder):
        raise UnknownFormat(f"{folder} holds no controller's store")
    place = folder / DATABASE
    log = place.with_name(f"{DATABASE}-wal")
    try:
        if log.exists():
            yield from log_damage_in(log.read_bytes, str(log))
        connection = apsw.Connection(str(place), flags=apsw.SQLITE_OPEN_READONLY)
    except OSError as error:
        raise StoreFailed(f"{place}: {error.strerror}") from error
    except apsw.Error as error:
        raise explained(error, place) from error
    try:
        connection.set_busy_timeout(5_000)
        yield from _check(connection, str(place))
    finally:
        connection.close()


def _check(connection: apsw.Connection, file: str) -> Iterator[Damage]:
    try:
        structure = [str(row[0]) for row in each_row(connection, "PRAGMA integrity_check(100)")]
        version = row_of(connection, "PRAGMA user_version")
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
        yield Damage(file=file, place="the file", what=str(error))
        return
    found = [Damage(file=file, place="structure", what=line) for line in structure if line != "ok"]
    yield from found
    if found:
        return  # whatever is read now may be anything
    if version is None or not isinstance(version[0], int) or version[0] > len(MIGRATIONS):
        raise StoreTooNew(f"{file} has version {version[0] if version else '?'}, this program knows up to {len(MIGRATIONS)}")
    try:
        for row in each_row(connection, "PRAGMA foreign_key_check"):
            yield Damage(file=file, place=f"{row[0]} {row[1]}", what=f"it names a row of {row[2]} that is not there")
        if version[0] == len(MIGRATIONS):  # the rules of an earlier version are checked by that version
            yield from _schema(connection, file)
            yield from _rules(connection, file)
            yield from _rows(connection, file)
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError, UnicodeDecodeError) as error:
        yield Damage(file=file, place="a row", what=str(error))


def _schema(connection: apsw.Connection, file: str) -> Iterator[Damage]:
    """Compare tables, indexes and triggers with those that a new store gets."""
    new = apsw.Connection(":memory:")
    for step in MIGRATIONS:
        new.execute(step).fetchall()
    expected, there = _schema_of(new), _schema_of(connection)
    new.close()
    for name in sorted(name for name in expected.keys() | there.keys() if expected.get(name) != there.get(name)):
        yield Damage(file=file, place=f"schema {name}", what="it is not as this version makes it")


def _schema_of(connection: apsw.Connection) -> dict[str, object]:
    return {str(name): sql for name, sql in each_row(connection, _SCHEMA)}


def _rules(connection: apsw.Connection, file: str) -> Iterator[Damage]:
    for what, query in RULES.items():
        for number, row in enumerate(each_row(connection, query)):
            if number == MOST:
                break
            yield Damage(file=file, place=" ".join(map(str, row[:2])), what=what)


def _rows(connection: apsw.Connection, file: str) -> Iterator[Damage]:
    """Read every event and execution as the controller does."""
    for row in each_row(connection, COLUMNS + "FROM events e LEFT JOIN plans p USING (position) ORDER BY e.position"):
        try:
            event_of(row)
        except (ValueError, TypeError) as error:
            yield Damage(file=file, place=f"event {row[0]}", what=f"it cannot be read: {error}")
    for row in each_row(connection, SELECT + "ORDER BY e.number"):
        try:
            execution_of(row)
        except (ValueError, TypeError) as error:
            yield Damage(file=file, place=f"execution {row[0]}", what=f"it cannot be read: {error}")
