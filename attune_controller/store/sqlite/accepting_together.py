"""Many events that are new, in few statements of many rows: each gives up Python's lock once, so that the event loop goes on beside it.

Called by accepting.py for the events of one request, and by the writer for those of many requests that wait for one commit. Whatever is not
simply new (known ids, replayed bodies, dead letters) goes through accepting.py one by one.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain, groupby, islice
from typing import LiteralString, TypeAlias

import apsw

from attune_controller.store.records.events import NewEvent
from attune_controller.store.sqlite.event_rows import INSERT, ROW
from attune_controller.store.sqlite.statements import Value, Values, execute, row_of

Row: TypeAlias = tuple[NewEvent, Values]

#: Rows of one statement, so that few texts are prepared; a rest of fewer rows is put together from these.
SIZES = (64, 16, 4, 1)
_INSERT: dict[int, LiteralString] = {size: INSERT + ", ".join([ROW] * size) for size in SIZES}
_PAIRS: dict[int, LiteralString] = {size: "(VALUES " + ", ".join(["(?, ?)"] * size) + ") AS asked" for size in SIZES}
# CROSS JOIN: each asked pair is looked up in the index, whatever SQLite thinks of the sizes.
_ANY_KNOWN: dict[int, LiteralString] = {
    size: "SELECT 1 FROM " + pairs + " CROSS JOIN events e ON e.id = asked.column1 AND e.source = asked.column2 LIMIT 1"
    for size, pairs in _PAIRS.items()
}
_ANY_BODY: dict[int, LiteralString] = {
    size: "SELECT 1 FROM " + pairs + " CROSS JOIN events e ON e.source = asked.column1 AND e.body_digest = asked.column2 LIMIT 1"
    for size, pairs in _PAIRS.items()
}
_UNPLANNED: LiteralString = "INSERT INTO unplanned (position) SELECT position FROM events WHERE position > ?"
_UNHEARD: LiteralString = """
INSERT INTO plans (position, status, reason, revision)
SELECT position, 'planned', '', ? FROM events WHERE position > ? AND NOT EXISTS (SELECT 1 FROM unplanned)
"""


def insert_new(connection: apsw.Connection, rows: Sequence[Row]) -> list[int] | None:
    """Store events in their order and return their positions; None, and nothing is stored, when one of them is not simply new."""
    if not _are_new(connection, rows):
        return None
    positions: list[int] = []
    for revision, group in groupby(rows, key=lambda row: row[0].unheard):
        positions += _insert(connection, [values for _, values in group], revision)
    return positions


def _are_new(connection: apsw.Connection, rows: Sequence[Row]) -> bool:
    if any(new.dead or new.notice for new, _ in rows):
        return False
    names = {(new.id, new.source) for new, _ in rows}
    bodies = [(new.source, new.body_digest) for new, _ in rows if new.body_digest]
    if len(names) < len(rows) or len(set(bodies)) < len(bodies):
        return False
    return not (_any(connection, _ANY_KNOWN, names) or _any(connection, _ANY_BODY, bodies))


def _any(connection: apsw.Connection, sql: dict[int, LiteralString], pairs: Collection[tuple[str, str]]) -> bool:
    return any(row_of(connection, sql[size], *values) for size, values in _pieces(pairs))


def _insert(connection: apsw.Connection, rows: Sequence[Values], revision: str) -> range:
    """Store rows one behind the other, and their plans unless an older event waits (G11)."""
    for size, values in _pieces(rows):
        execute(connection, _INSERT[size], *values)
    last = connection.last_insert_rowid()  # the one writer takes them without a gap
    before = last - len(rows)
    if revision:
        execute(connection, _UNHEARD, revision, before)
    if not (revision and connection.changes()):
        execute(connection, _UNPLANNED, before)
    return range(before + 1, last + 1)


def _pieces(rows: Collection[Sequence[Value]]) -> Iterator[tuple[int, Sequence[Value]]]:
    """Yield the values of as many rows as one statement takes, and that number."""
    rest, left = iter(rows), len(rows)
    for size in SIZES:
        for _ in range(left // size):
            yield size, tuple(chain.from_iterable(islice(rest, size)))
        left %= size
