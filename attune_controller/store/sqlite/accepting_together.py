"""Many events that are new, in few statements of many rows: each gives up Python's lock once, so that the event loop goes on beside it.

Called by accepting.py for the events of one request, and by the writer for those of many requests that wait for one commit. Whatever is not
simply new (known ids, replayed bodies, dead letters) goes through accepting.py one by one.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from typing import LiteralString, TypeAlias, TypeVar

import apsw

from attune_controller.store.records.events import NewEvent
from attune_controller.store.sqlite.event_rows import INSERT, ROW
from attune_controller.store.sqlite.statements import Values, execute, row_of

T = TypeVar("T")
Row: TypeAlias = tuple[NewEvent, Values]

#: Rows of one statement: so many at a time while there are as many, then at most MOST, each number of which has an INSERT of its own.
LARGE, MOST = 250, 64
_INSERT: dict[int, LiteralString] = {size: INSERT + ",".join([ROW] * size) for size in (*range(MOST + 1), LARGE)}
# By the two unique indexes, for each event asked about.
_ANY_KNOWN: LiteralString = """
SELECT 1 FROM (VALUES *) AS asked
WHERE EXISTS (SELECT 1 FROM events WHERE id = asked.column1 AND source = asked.column2)
OR EXISTS (SELECT 1 FROM events WHERE source = asked.column2 AND body_digest = asked.column3) LIMIT 1
"""
_LOOKS: dict[int, LiteralString] = {size: _ANY_KNOWN.replace("*", ",".join(["(?,?,?)"] * size)) for size in (8, MOST, LARGE)}
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
    asked = [(new.id, new.source, new.body_digest or None) for new, _ in rows]
    bodies = [one[1:] for one in asked if one[2]]
    if len({one[:2] for one in asked}) < len(rows) or len(set(bodies)) < len(bodies):
        return False
    for some in _in_parts(asked):
        size = next(size for size in _LOOKS if len(some) <= size)
        padded = [*some, *[some[-1]] * (size - len(some))]
        if row_of(connection, _LOOKS[size], *chain.from_iterable(padded)):
            return False
    return True


def _insert(connection: apsw.Connection, rows: Sequence[Values], revision: str) -> range:
    """Store rows one behind the other, and their plans unless an older event waits (G11)."""
    for some in _in_parts(rows):
        execute(connection, _INSERT[len(some)], *chain.from_iterable(some))
    last = connection.last_insert_rowid()  # the one writer takes them without a gap
    before = last - len(rows)
    if revision:
        execute(connection, _UNHEARD, revision, before)
    if not (revision and connection.changes()):
        execute(connection, _UNPLANNED, before)
    return range(before + 1, last + 1)


def _in_parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    large = len(rows) - len(rows) % LARGE
    for start in range(0, large, LARGE):
        yield rows[start : start + LARGE]
    for start in range(large, len(rows), MOST):
        yield rows[start : start + MOST]
