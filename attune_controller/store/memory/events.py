"""Events in memory: accepted once, in the order of their positions, planned once.

Part of MemoryStore; executions.py adds completion events through `insert_event`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from attune_controller.store.encoding import decode, decode_object, encode, stored_bytes
from attune_controller.store.errors import EventUnknown, ExecutionExists, ReplayedBody
from attune_controller.store.memory.groups import end_group, is_open
from attune_controller.store.memory.opened import Opened
from attune_controller.store.memory.tables import Tables
from attune_controller.store.ports.events import EVERY_EVENT, FORGOTTEN, RECORDED_BYTES
from attune_controller.store.records.events import Acceptance, Event, EventFilter, EventPage, EventStatus, NewEvent, RecordedPage
from attune_controller.store.records.executions import Execution, NewExecution
from attune_controller.store.records.groups import Plan
from attune_controller.store.records.plans import PlannedEvent
from attune_controller.store.records.standing import Filter
from attune_controller.store.sameness import differs
from attune_controller.store.transitions import planned, queue_for
from attune_core.rules.throttling import Admission, ThrottleKey


class MemoryEvents(Opened):
    """See port.Events."""

    async def accept_event(self, event: NewEvent, *, followed: bool = False) -> Acceptance:  # noqa: ARG002 - nothing here waits
        """See the port."""
        return accept(self.tables, event)

    async def accept_events(self, events: Sequence[NewEvent], *, followed: bool = False) -> Sequence[Acceptance]:  # noqa: ARG002 - nothing here waits
        """See the port."""
        for event in events:
            encode(event.data)  # refused before anything is stored
        return [accept(self.tables, event) for event in events]

    async def accept_planned(
        self,
        event: NewEvent,
        plan: PlannedEvent,
        *,
        over_before: float = 0.0,
        followed: bool = False,  # noqa: ARG002 - nothing here waits
    ) -> tuple[Acceptance, Sequence[Execution]]:
        """See the port."""
        tables = self.tables
        encode(event.data)  # refused before anything is stored, as what is encoded next
        inputs = {new.id: encode(new.input) for new in plan.executions}
        if acceptance := _known(tables, event):
            return acceptance, []
        if tables.unplanned:
            return Acceptance(position=insert_event(tables, event), duplicate=False), []
        _check_new(tables, plan, set())
        position = insert_event(tables, event)
        made = _record(tables, plan.at(position), inputs)
        _forget_admissions(tables, over_before, len(plan.admissions))
        return Acceptance(position=position, duplicate=False, planned=True), made

    async def unplanned(self, *, limit: int, certain: bool = True) -> Sequence[Event]:  # noqa: ARG002 - everything is
        """See the port."""
        return [self.tables.events[position] for position in list(self.tables.unplanned)[:limit]]

    async def record_plans(
        self,
        plans: Sequence[Plan],
        *,
        over_before: float = 0.0,
        followed: bool = False,  # noqa: ARG002 - nothing here waits
    ) -> Sequence[Execution]:
        """See the port."""
        tables = self.tables
        todo = _to_record(tables, plans)
        inputs = {new.id: encode(new.input) for plan in todo for new in plan.executions}
        made = [execution for plan in todo for execution in _record(tables, plan, inputs)]
        _forget_admissions(tables, over_before, sum(len(plan.admissions) for plan in todo if isinstance(plan, PlannedEvent)))
        return made

    async def admissions(self, keys: Sequence[ThrottleKey]) -> Mapping[ThrottleKey, Admission]:
        """See the port."""
        return {key: self.tables.admissions[key] for key in keys if key in self.tables.admissions}

    async def event(self, position: int) -> Event | None:
        """See the port."""
        return self.tables.events.get(position)

    async def find_event(self, source: str, event_id: str) -> Event | None:
        """See the port."""
        positions = self.tables.positions_by_id.get(event_id, {})
        position = positions.get(source) if source else max(positions.values(), default=None)
        return None if position is None else self.tables.events[position]

    async def events(self, *, before: int | None, limit: int, where: EventFilter = EVERY_EVENT, after: int | None = None) -> EventPage:
        """See the port."""
        page: list[Event] = []
        rows = self.tables.events.items()
        for position, event in reversed(rows) if after is None else iter(rows):
            if len(page) == limit:
                break
            if (before is None or position < before) and (after is None or position > after) and _fits(event, where):
                page.append(event)
        return EventPage(events=page, next=page[-1].position if len(page) == limit else None)

    async def recorded_events(self, *, after: int, since: float, limit: int, trigger: Filter = None) -> RecordedPage:
        """See the port."""
        found: list[Event] = []
        size = 0
        for position, event in self.tables.events.items():
            if position <= after or event.new.received_at < since or trigger not in {None, event.new.type}:
                continue
            if len(found) == limit or size > RECORDED_BYTES:
                return RecordedPage(events=found, after=found[-1].position)
            found.append(event)
            size += len(encode(event.new.data))
        return RecordedPage(events=found, after=None)


def accept(tables: Tables, event: NewEvent) -> Acceptance:
    """Store an event once; see port.Events.accept_event."""
    return _known(tables, event) or Acceptance(position=insert_event(tables, event), duplicate=False)


def _known(tables: Tables, event: NewEvent) -> Acceptance | None:
    """Return what is said of an event that came before; None for a new one."""
    if (first := tables.positions_by_id.get(event.id, {}).get(event.source)) is not None:
        known = tables.events[first]
        other = differs(event, known.new.type, known.new.subject, known.new.data) and known.status is not EventStatus.DROPPED
        return Acceptance(position=first, duplicate=True, differs=other)
    if event.body_digest and (before := tables.ids_by_body.get((event.source, event.body_digest))) is not None:
        raise ReplayedBody(f"{event.source} delivered this body before, as {before}")
    return None


def _fits(event: Event, where: EventFilter) -> bool:
    new = event.new
    if where.status not in {None, event.status} or where.source not in {None, new.source} or where.type not in {None, new.type}:
        return False
    if new.received_at < where.since or (where.dead is not None and (new.dead is None or new.dead.reason is not where.dead)):
        return False
    text = None if where.search is None else where.search.encode().lower()  # of bytes: ASCII alone
    return text is None or any(text in part.encode().lower() for part in (new.id, new.source, new.type, new.subject, encode(new.data)))


def insert_event(tables: Tables, new: NewEvent) -> int:
    """Store an event that is not there yet and return its position."""
    kept = replace(new, data=decode(encode(new.data)), unheard="", notice=None)
    tables.positions += 1
    position = tables.positions
    unheard = new.unheard if not (new.dead or tables.unplanned) else ""
    reason = new.dead.detail if new.dead else ""
    status = EventStatus.DEAD_LETTER if new.dead else EventStatus.PLANNED if unheard else EventStatus.ACCEPTED
    tables.events[position] = Event(position=position, new=kept, status=status, reason=reason, revision=unheard)
    tables.positions_by_id.setdefault(new.id, {})[new.source] = position
    if new.body_digest:
        tables.ids_by_body[new.source, new.body_digest] = new.id
    if status is EventStatus.ACCEPTED:
        tables.unplanned[position] = None
    if new.notice:
        accept(tables, new.notice)
    return position


def insert_completion(tables: Tables, new: NewEvent) -> None:
    """Store the event that a settled execution becomes, unless its (source, id) is there."""
    if new.source not in tables.positions_by_id.get(new.id, {}):
        insert_event(tables, replace(new, body_digest=""))


def _to_record(tables: Tables, plans: Sequence[Plan]) -> list[Plan]:
    """Return the plans whose event waits for one, and the ends of groups; nothing is changed when one of them cannot be stored."""
    found: list[Plan] = []
    seen: set[int] = set()
    changed: set[ThrottleKey] = set()
    fresh: set[str] = set()
    for plan in plans:
        if isinstance(plan, PlannedEvent):
            if plan.position in seen or (plan.position in tables.events and plan.position not in tables.unplanned):
                continue
            if plan.position not in tables.events:
                raise EventUnknown(f"there is no event at position {plan.position}")
            seen.add(plan.position)
            changed.update(group.key for group in plan.groups)
        elif plan.group.key not in changed and not is_open(tables, plan):
            continue
        _check_new(tables, plan, fresh)
        found.append(plan)
    return found


def _check_new(tables: Tables, plan: Plan, fresh: set[str]) -> None:
    """Refuse executions that are stored already, or that are in a plan before this one."""
    for new in plan.executions:
        if new.id in tables.numbers_by_id or new.id in fresh:
            raise ExecutionExists(f"the execution {new.id} is stored already")
        fresh.add(new.id)


def _forget_admissions(tables: Tables, over_before: float, admitted: int) -> None:
    over = sorted((one.until, key) for key, one in tables.admissions.items() if one.until <= over_before)
    for _, key in over[: FORGOTTEN + admitted]:
        del tables.admissions[key]


def _record(tables: Tables, plan: Plan, inputs: dict[str, str]) -> list[Execution]:
    if isinstance(plan, PlannedEvent):
        _give_fate(tables, plan)
    elif not end_group(tables, plan):
        return []
    made = [_insert_execution(tables, new, inputs[new.id]) for new in plan.executions]
    for notice in plan.notices:
        accept(tables, notice)
    return made


def _give_fate(tables: Tables, plan: PlannedEvent) -> None:
    del tables.unplanned[plan.position]
    tables.admissions.update(plan.admissions)
    tables.groups.update({group.key: group for group in plan.groups})
    status, reason = (EventStatus.DEAD_LETTER, plan.dead.detail) if plan.dead else (EventStatus.PLANNED, plan.note)
    event = tables.events[plan.position]
    new = replace(event.new, dead=plan.dead)
    tables.events[plan.position] = replace(event, new=new, status=status, reason=reason, revision=plan.revision)


def _insert_execution(tables: Tables, new: NewExecution, encoded_input: str) -> Execution:
    kept = replace(new, input=decode_object(encoded_input), secrets=dict(new.secrets), match=dict(new.match))
    epoch, sequence = 0, 0
    if new.agent and not new.rejected:
        epoch, sequence = tables.next_place(queue_for(new, new.agent))
    tables.numbers += 1
    execution = planned(kept, number=tables.numbers, epoch=epoch, sequence=sequence)
    tables.numbers_by_id[new.id] = execution.number
    tables.numbers_by_event.setdefault(new.event, []).append(execution.number)
    tables.sizes[execution.number] = stored_bytes(encoded_input)
    tables.put(execution)
    return execution
