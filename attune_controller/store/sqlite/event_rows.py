"""Events as rows and back.

Called by events.py, and by executions.py for completion events.
"""

from typing import LiteralString, NamedTuple

from attune_controller.store.encoding import decode, encode
from attune_controller.store.records.events import Event, EventStatus, NewEvent
from attune_controller.store.sqlite.statements import Row, Values
from attune_core.dead_letters import DeadLetter, DeadReason

#: To be followed by one ROW or several; parameters in the order of `values_of`.
INSERT: LiteralString = """
INSERT INTO events (source, id, type, subject, time, received_at, hops, body_digest, traceparent, data) VALUES
"""
ROW: LiteralString = "(?,?,?,?,?,?,?,?,?,?)"
#: To be followed by FROM with `events e` and `plans p`.
COLUMNS: LiteralString = """
SELECT e.position, e.source, e.id, e.type, e.subject, e.time, e.received_at, e.hops, e.body_digest, e.traceparent, e.data,
p.status, p.reason, p.revision, p.dead, p.dropped_at
"""


class EventRow(NamedTuple):
    """A row of COLUMNS; the last five are None while the event has no plan."""

    position: int
    source: str
    id: str
    type: str
    subject: str
    time: float
    received_at: float
    hops: int
    body_digest: str | None
    traceparent: str
    data: str
    status: str | None
    reason: str | None
    revision: str | None
    dead: str | None
    dropped_at: float | None


def values_of(new: NewEvent) -> Values:
    """Return what INSERT takes; `JsonRefused` for data that no JSON text can hold."""
    return (
        new.source,
        new.id,
        new.type,
        new.subject,
        new.time,
        new.received_at,
        new.hops,
        new.body_digest or None,
        new.traceparent,
        encode(new.data),
    )


def event_of(values: Row) -> Event:
    """Return the event of a row of COLUMNS; the tables are STRICT, so the types hold."""
    row = EventRow._make(values)
    status = EventStatus.DROPPED if row.dropped_at else EventStatus(row.status) if row.status else EventStatus.ACCEPTED
    new = NewEvent(
        source=row.source,
        id=row.id,
        type=row.type,
        subject=row.subject,
        time=row.time,
        received_at=row.received_at,
        data=decode(row.data),
        hops=row.hops,
        body_digest=row.body_digest or "",
        dead=DeadLetter(reason=DeadReason(row.dead), detail=row.reason or "") if row.dead else None,
        traceparent=row.traceparent,
    )
    return Event(position=row.position, new=new, status=status, reason=row.reason or "", revision=row.revision or "")
