"""Lists of events, newest or oldest first, narrowed by what people ask for: a page looks at a stretch of events that an index finds.

Called by events.py. However many events there are, a page costs what its stretch costs, and says where the next one goes on.
"""

from collections.abc import Mapping
from typing import LiteralString, cast

import apsw

from attune_controller.store.ports.events import RECORDED_BYTES, SEARCH_STRETCH
from attune_controller.store.records.events import EventFilter, EventPage, EventStatus
from attune_controller.store.sqlite.event_rows import COLUMNS, event_of
from attune_controller.store.sqlite.recorded import before_time
from attune_controller.store.sqlite.statements import LARGEST, Value, each_row, row_of, rows_of

#: Parameters: 1 and 2 the positions around, 3 status, 4 source, 5 type, 6 since, 7 pattern, 8 how many, 9 why it is a dead letter.
_FITS: LiteralString = """
SELECT e.position, CASE WHEN ?7 IS NULL THEN 0 ELSE octet_length(e.data) END,
(?3 IS NULL OR (CASE WHEN p.dropped_at > 0 THEN 'dropped' ELSE coalesce(p.status, 'accepted') END) = ?3)
AND (?9 IS NULL OR p.dead = ?9) AND (?4 IS NULL OR e.source = ?4) AND (?5 IS NULL OR e.type = ?5)
AND e.received_at >= ?6 AND (?7 IS NULL OR e.id LIKE ?7 ESCAPE '!' OR e.source LIKE ?7 ESCAPE '!' OR e.type LIKE ?7 ESCAPE '!'
OR e.subject LIKE ?7 ESCAPE '!' OR e.data LIKE ?7 ESCAPE '!')
"""
_EVENTS: LiteralString = "FROM events e LEFT JOIN plans p USING (position) WHERE "
_NEWEST: LiteralString = "e.position < ?1 AND e.position > ?2 ORDER BY e.position DESC LIMIT ?8"
_BY_STATUS: Mapping[EventStatus | None, LiteralString] = {
    EventStatus.ACCEPTED: _FITS
    + "FROM unplanned u JOIN events e USING (position) LEFT JOIN plans p USING (position) "
    + "WHERE u.position < ?1 AND u.position > ?2 ORDER BY u.position DESC LIMIT ?8",
    EventStatus.DEAD_LETTER: _FITS
    + "FROM plans p JOIN events e USING (position) "
    + "WHERE p.status = 'dead_letter' AND p.dropped_at = 0 AND p.position < ?1 AND p.position > ?2 ORDER BY p.position DESC LIMIT ?8",
    EventStatus.DROPPED: _FITS
    + "FROM plans p JOIN events e USING (position) "
    + "WHERE p.dropped_at > 0 AND p.position < ?1 AND p.position > ?2 ORDER BY p.position DESC LIMIT ?8",
}
_OF_TYPE: LiteralString = _FITS + _EVENTS + "e.type = ?5 AND " + _NEWEST
_OF_SOURCE: LiteralString = _FITS + _EVENTS + "e.source = ?4 AND " + _NEWEST
_ALL: LiteralString = _FITS + _EVENTS + _NEWEST
_PAGE: LiteralString = (
    COLUMNS
    + "FROM json_each(?) JOIN events e ON e.position = json_each.value LEFT JOIN plans p USING (position) "
    + "ORDER BY e.position DESC"
)


def listed_events(connection: apsw.Connection, where: EventFilter, before: int | None, after: int | None, limit: int) -> EventPage:
    """Return one page; see port.Events.events."""
    look, page = (_look(where), _PAGE) if after is None else (_look(where).replace(" DESC", ""), _PAGE.replace(" DESC", ""))
    found: list[int] = []
    looked_at = size = position = 0
    for row in each_row(connection, look, *_values(connection, where, LARGEST if before is None else before, after or 0)):
        position, length, fits = cast("tuple[int, int, int]", row)
        looked_at, size = looked_at + 1, size + length
        if fits:
            found.append(position)
        if len(found) == limit or size > RECORDED_BYTES:
            break
    else:
        position = position if looked_at == SEARCH_STRETCH else 0
    rows = rows_of(connection, page, f"[{','.join(map(str, found))}]")
    return EventPage(events=[event_of(one) for one in rows], next=position or None)


def _look(where: EventFilter) -> LiteralString:
    """Return the statement whose index finds the fewest events to look at."""
    if where.status in _BY_STATUS:
        return _BY_STATUS[where.status]
    return _OF_TYPE if where.type is not None else _OF_SOURCE if where.source is not None else _ALL


def _values(connection: apsw.Connection, where: EventFilter, before: int, after: int) -> tuple[Value, ...]:
    newest = cast("tuple[int | None]", row_of(connection, "SELECT max(position) FROM events"))[0] or 0
    after = max(after, before_time(connection, where.since, newest) if where.since else 0)
    status = None if where.status is None else where.status.value
    dead = None if where.dead is None else where.dead.value
    return before, after, status, where.source, where.type, where.since, _pattern(where.search), SEARCH_STRETCH, dead


def _pattern(search: str | None) -> str | None:
    if search is None:
        return None
    for special in "!%_":
        search = search.replace(special, f"!{special}")
    return f"%{search}%"
