"""One event into its row, its position taken in the transaction that stores it (G2, G11).

Called by events.py for events at the door and by moves.py for completion events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString, cast

import apsw

from attune_controller.store.encoding import decode
from attune_controller.store.errors import ReplayedBody
from attune_controller.store.records.events import Acceptance, NewEvent
from attune_controller.store.sameness import differs
from attune_controller.store.sqlite.accepting_together import Row, insert_new
from attune_controller.store.sqlite.event_rows import INSERT, ROW, values_of
from attune_controller.store.sqlite.statements import Values, execute, row_of

_INSERT: LiteralString = INSERT + ROW
_FIRST: LiteralString = "SELECT position, type, subject, data FROM events WHERE id = ? AND source = ?"
_DROPPED: LiteralString = "SELECT 1 FROM plans WHERE position = ? AND dropped_at > 0"
_KNOWN: LiteralString = "SELECT 1 FROM events WHERE id = ? AND source = ?"
_SAME_BODY: LiteralString = "SELECT id FROM events WHERE source = ? AND body_digest = ?"
_UNHEARD: LiteralString = """
INSERT INTO plans (position, status, reason, revision) SELECT ?, 'planned', '', ? WHERE NOT EXISTS (SELECT 1 FROM unplanned)
"""
_DEAD: LiteralString = "INSERT INTO plans (position, status, reason, revision, dead) VALUES (?, 'dead_letter', ?, '', ?)"


def accept(connection: apsw.Connection, new: NewEvent, values: Values) -> Acceptance:
    """Store an event once; see port.Events.accept_event."""
    # Looked up first and not left to ON CONFLICT, which would take a position, and with it a sync, for each duplicate.
    if first := row_of(connection, _FIRST, new.id, new.source):
        position, kind, subject, data = cast("tuple[int, str, str, str]", first)
        other = differs(new, kind, subject, decode(data)) and not row_of(connection, _DROPPED, position)
        return Acceptance(position=position, duplicate=True, differs=other)
    if new.body_digest and (known := row_of(connection, _SAME_BODY, new.source, new.body_digest)):
        raise ReplayedBody(f"{new.source} delivered this body before, as {known[0]}")
    return Acceptance(position=_insert(connection, new, values), duplicate=False)


def accept_each(connection: apsw.Connection, events: Sequence[Row]) -> list[Acceptance]:
    """Store events once, in order; see port.Events.accept_events."""
    if len(events) > 1 and (accepted := accept_new(connection, [events])):
        return accepted[0]
    return [accept(connection, new, values) for new, values in events]


def accept_new(connection: apsw.Connection, asked: Sequence[Sequence[Row]]) -> list[list[Acceptance]] | None:
    """Store the events of several callers, in order; None, and nothing is stored, unless all of them are new and alive."""
    positions = insert_new(connection, [row for events in asked for row in events])
    if positions is None:
        return None
    each = iter(positions)
    return [[Acceptance(position=next(each), duplicate=False) for _ in events] for events in asked]


@dataclass(frozen=True)
class AcceptEvents:
    """`accept_each` as an operation that the writer knows, so that it can put those of several callers together."""

    events: Sequence[Row]

    def __call__(self, connection: apsw.Connection) -> list[Acceptance]:
        """Store this caller's events."""
        return accept_each(connection, self.events)


def insert_completion(connection: apsw.Connection, new: NewEvent, values: Values) -> None:
    """Store the event that a settled execution becomes, unless its (source, id) is there."""
    if not row_of(connection, _KNOWN, new.id, new.source):
        _insert(connection, new, values)


def _insert(connection: apsw.Connection, new: NewEvent, values: Values) -> int:
    """Store an event that is not there yet and return its position."""
    execute(connection, _INSERT, *values)
    position = connection.last_insert_rowid()
    if new.dead:
        execute(connection, _DEAD, position, new.dead.detail, new.dead.reason)
    elif not (new.unheard and _is_planned(connection, position, new.unheard)):
        execute(connection, "INSERT INTO unplanned (position) VALUES (?)", position)
    if new.notice:
        accept(connection, new.notice, values_of(new.notice))
    return position


def _is_planned(connection: apsw.Connection, position: int, revision: str) -> bool:
    """Plan an event that nobody hears, with nothing, unless one before it waits (G11); tell whether that was so."""
    execute(connection, _UNHEARD, position, revision)
    return connection.changes() == 1
