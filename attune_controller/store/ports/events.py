"""Events: what the store is asked of occurrences and of what was planned for them.

Part of store.port.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attune_controller.store.records.events import Acceptance, Event, EventFilter, EventPage, NewEvent, RecordedPage
from attune_controller.store.records.executions import Execution
from attune_controller.store.records.groups import Plan
from attune_controller.store.records.plans import PlannedEvent
from attune_controller.store.records.standing import Filter
from attune_core.rules.throttling import Admission, ThrottleKey

#: Admissions forgotten with one batch of plans, besides as many as it makes, so that those that are over do not pile up.
FORGOTTEN = 1000

#: Bounds of a page of recorded events besides its limit: bytes of their data before the last one, and positions looked at.
RECORDED_BYTES, RECORDED_STRETCH = 4 << 20, 10_000
#: Events that one page of a list looks at: as many cost what they cost, however many there are.
SEARCH_STRETCH = 2_000
EVERY_EVENT = EventFilter()


class Events(Protocol):
    """Occurrences in the controller's order."""

    async def accept_event(self, event: NewEvent, *, followed: bool = False) -> Acceptance:
        """Store once by (source, id) and take the next position. `ReplayedBody` if body_digest is known under another id of that source.

        A duplicate `differs` when its type, subject or data are not the first one's; its times and trace may be others.
        `followed`: the planner looks for it at once, so that the two may share a commit.
        """
        ...

    async def accept_events(self, events: Sequence[NewEvent], *, followed: bool = False) -> Sequence[Acceptance]:
        """Do so for each, in order and in one transaction."""
        ...

    async def accept_planned(
        self, event: NewEvent, plan: PlannedEvent, *, over_before: float = 0.0, followed: bool = False
    ) -> tuple[Acceptance, Sequence[Execution]]:
        """Store an event and its plan, made before the event has a position, so without groups; return the executions made, too.

        It is not `planned`, and has none, if it is no new one, or an older one waits for its plan (G11).
        `over_before` and `followed`: as in `record_plans`.
        """
        ...

    async def unplanned(self, *, limit: int, certain: bool = True) -> Sequence[Event]:
        """Return accepted events without a plan, strictly by position.

        Not `certain`, which is for the planner alone: their commit may be under way. The next `record_plans` is part of it then, or comes
        after it, or fails with it.
        """
        ...

    async def record_plans(self, plans: Sequence[Plan], *, over_before: float = 0.0, followed: bool = False) -> Sequence[Execution]:
        """Commit whole consequences, all or none: event status, admissions, executions with number and, when placed, epoch and sequence.

        An event that has its plan is skipped, and a group that is not open as it was; `EventUnknown` for a position without an event.
        Return the executions made, in order.
        Admissions whose window ended at `over_before` or earlier are forgotten, FORGOTTEN more at most than are made, the oldest first.
        `followed`: `take_handovers` comes at once for what is made, so that the two may share a commit.
        """
        ...

    async def admissions(self, keys: Sequence[ThrottleKey]) -> Mapping[ThrottleKey, Admission]:
        """Return, for each of the keys that has one, the last admission."""
        ...

    async def event(self, position: int) -> Event | None:
        """Return one."""
        ...

    async def find_event(self, source: str, event_id: str) -> Event | None:
        """Return the one that (source, id) identifies; an empty source looks for the newest with that id."""
        ...

    async def events(self, *, before: int | None, limit: int, where: EventFilter = EVERY_EVENT, after: int | None = None) -> EventPage:
        """Return a page, newest first, of positions below `before`; no more than SEARCH_STRETCH events are looked at, or RECORDED_BYTES.

        With `after`: positions above it, the oldest first.
        """
        ...

    async def recorded_events(self, *, after: int, since: float, limit: int, trigger: Filter = None) -> RecordedPage:
        """Return a page, oldest first, of events received at `since` or later, positions above `after`; bounded in three ways."""
        ...
