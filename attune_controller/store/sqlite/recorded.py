"""Events in the order in which they came, with everything about them, for exports.

Called by events.py; a page is bounded in events, bytes and the stretch of positions it looks at, so that the reader serves others between.
"""

from typing import LiteralString, cast

import apsw

from attune_controller.store.ports.events import RECORDED_BYTES, RECORDED_STRETCH
from attune_controller.store.records.events import Event, RecordedPage
from attune_controller.store.sqlite.event_rows import COLUMNS, EventRow, event_of
from attune_controller.store.sqlite.statements import each_row, row_of

_PAGE: LiteralString = (
    COLUMNS
    + "FROM events e LEFT JOIN plans p USING (position) "
    + "WHERE e.position > ? AND e.position <= ? AND e.received_at >= ? AND (? IS NULL OR e.type = ?) ORDER BY e.position"
)
_NEXT: LiteralString = "SELECT position, received_at FROM events WHERE position > ? ORDER BY position LIMIT 1"


def recorded_events(connection: apsw.Connection, after: int, since: float, trigger: str | None, limit: int) -> RecordedPage:
    """Return one page; see port.Events.recorded_events."""
    newest = cast("tuple[int | None]", row_of(connection, "SELECT max(position) FROM events"))[0] or 0
    after = max(after, before_time(connection, since, newest))
    until = min(after + RECORDED_STRETCH, newest)
    found: list[Event] = []
    size = 0
    for row in each_row(connection, _PAGE, after, until, since, trigger, trigger):
        if len(found) == limit or size > RECORDED_BYTES:
            return RecordedPage(events=found, after=found[-1].position)
        found.append(event_of(row))
        size += len(EventRow._make(row).data)
    return RecordedPage(events=found, after=until if until < newest else None)


def before_time(connection: apsw.Connection, since: float, newest: int) -> int:
    """Return a position up to which events were received before `since`: positions rise with the clock, but for its steps."""
    low, high = 0, newest
    while low < high:
        middle = (low + high) // 2
        position, received_at = cast("tuple[int, float]", row_of(connection, _NEXT, middle))
        if received_at < since:
            low = position
        else:
            high = middle
    return low
