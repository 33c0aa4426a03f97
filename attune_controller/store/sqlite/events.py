"""Events on SQLite: accepted once, in the order of their positions, planned once.

Part of SqliteStore; accepting.py inserts them, planning.py makes the executions of a plan.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import LiteralString, cast

import apsw

from attune_controller.store.ports.events import EVERY_EVENT
from attune_controller.store.records.events import Acceptance, Event, EventFilter, EventPage, NewEvent, RecordedPage
from attune_controller.store.records.executions import Execution
from attune_controller.store.records.groups import Plan
from attune_controller.store.records.plans import PlannedEvent
from attune_controller.store.records.standing import Filter
from attune_controller.store.sqlite.accepting import AcceptEvents, accept
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.connection_thread import ALONE, Relay, Ticket
from attune_controller.store.sqlite.event_rows import COLUMNS, event_of, values_of
from attune_controller.store.sqlite.listed import listed_events
from attune_controller.store.sqlite.planning import accept_planned, prepare, record_plans
from attune_controller.store.sqlite.recorded import recorded_events
from attune_controller.store.sqlite.statements import Value, row_of, rows_of
from attune_controller.store.sqlite.throttles import find_admissions
from attune_core.rules.throttling import Admission, ThrottleKey

_JOINED: LiteralString = COLUMNS + "FROM events e LEFT JOIN plans p USING (position) "
_UNPLANNED: LiteralString = COLUMNS + "FROM unplanned u JOIN events e USING (position) LEFT JOIN plans p USING (position) "


class SqliteEvents(Connected):
    """See port.Events."""

    #: The last look for unplanned events, which may have been before their commit.
    _seen: Ticket | None = None

    async def accept_event(self, event: NewEvent, *, followed: bool = False) -> Acceptance:
        """See the port."""
        return await self._write_with_room(partial(accept, new=event, values=values_of(event)), Relay(followed=followed))

    async def accept_events(self, events: Sequence[NewEvent], *, followed: bool = False) -> Sequence[Acceptance]:
        """See the port."""
        each = AcceptEvents([(event, values_of(event)) for event in events])
        return await self._write_with_room(each, Relay(followed=True) if followed else ALONE)

    async def accept_planned(
        self, event: NewEvent, plan: PlannedEvent, *, over_before: float = 0.0, followed: bool = False
    ) -> tuple[Acceptance, Sequence[Execution]]:
        """See the port."""
        row = (event, values_of(event))
        operation = partial(accept_planned, row=row, plan=plan, prepared=prepare(plan), over_before=over_before)
        return await self._write_with_room(operation, Relay(followed=followed))

    async def unplanned(self, *, limit: int, certain: bool = True) -> Sequence[Event]:
        """See the port."""
        look = partial(_events, sql=_UNPLANNED + "ORDER BY u.position LIMIT ?", values=(limit,))
        if certain:
            return await self._write(look)  # after all that were handed in before, and not the reader's older view of them
        self._seen = self._parts.writer.submit(look, Relay(follows=True, early=True))
        return cast("Sequence[Event]", await self._seen.future)

    async def record_plans(self, plans: Sequence[Plan], *, over_before: float = 0.0, followed: bool = False) -> Sequence[Execution]:
        """See the port."""
        operation = partial(record_plans, plans=[prepare(plan) for plan in plans], over_before=over_before)
        seen, self._seen = self._seen, None
        return await self._write_with_room(operation, Relay(follows=True, followed=followed, after=seen))

    async def admissions(self, keys: Sequence[ThrottleKey]) -> Mapping[ThrottleKey, Admission]:
        """See the port."""
        return await self._read(partial(find_admissions, keys=keys))

    async def event(self, position: int) -> Event | None:
        """See the port."""
        return await self._read(partial(_event, sql=_JOINED + "WHERE e.position = ?", values=(position,)))

    async def find_event(self, source: str, event_id: str) -> Event | None:
        """See the port."""
        if source:
            return await self._read(partial(_event, sql=_JOINED + "WHERE e.id = ? AND e.source = ?", values=(event_id, source)))
        newest = partial(_event, sql=_JOINED + "WHERE e.id = ? ORDER BY e.position DESC LIMIT 1", values=(event_id,))
        return await self._read(newest)

    async def events(self, *, before: int | None, limit: int, where: EventFilter = EVERY_EVENT, after: int | None = None) -> EventPage:
        """See the port."""
        return await self._read(partial(listed_events, where=where, before=before, after=after, limit=limit))

    async def recorded_events(self, *, after: int, since: float, limit: int, trigger: Filter = None) -> RecordedPage:
        """See the port."""
        return await self._read(partial(recorded_events, after=after, since=since, trigger=trigger, limit=limit))


def _events(connection: apsw.Connection, sql: LiteralString, values: tuple[Value, ...]) -> list[Event]:
    return [event_of(row) for row in rows_of(connection, sql, *values)]


def _event(connection: apsw.Connection, sql: LiteralString, values: tuple[Value, ...]) -> Event | None:
    row = row_of(connection, sql, *values)
    return event_of(row) if row else None
