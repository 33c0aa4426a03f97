"""Intake: the one way in for events; judged against the active catalog, stored durably with a position, only then acknowledged.

Called by hooks, /events and manual runs; afterwards `planning` is woken. What cannot be planned is kept as a dead letter with its
reason, never dropped (reliability.md G1).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from attune_controller.backlog import Backlog
from attune_controller.dead_letter_news import DeadLetterNews
from attune_controller.drafting import unheard
from attune_controller.internal_events import is_made_here
from attune_controller.planning import CatalogHolder, Wake
from attune_controller.source_rates import SourceRates
from attune_controller.store.ports.events import Events
from attune_controller.store.ports.timers import Timers
from attune_controller.store.ports.upkeep import Syncs
from attune_controller.store.records.events import Acceptance, NewEvent
from attune_controller.store.records.timers import Progress
from attune_core.dead_letters import DeadLetter, DeadReason
from attune_core.failpoints import failpoint
from attune_core.rules.delivering import misdated, undeliverable
from attune_core.rules.filling import InputInvalid, complete_input
from attune_core.rules.requests import REQUESTED, RequestRefused, read_request


class IntakeStore(Events, Syncs, Timers, Protocol):
    """The part of the store that intake uses."""


class _Storing(Protocol):
    """What stores events in order, in one transaction."""

    async def __call__(self, events: Sequence[NewEvent], /, *, followed: bool) -> Sequence[Acceptance]:
        """Return what became of each."""
        ...


class Intake:
    """Accepts events once by (source, id)."""

    def __init__(
        self,
        store: IntakeStore,
        active: CatalogHolder,
        *,
        summon: Callable[[], bool],
        glance: Wake,
        backlog: Backlog,
        plan_lone: Callable[[NewEvent], Awaitable[Acceptance | None]] | None = None,
        rates: SourceRates | None = None,
        news: DeadLetterNews | None = None,
    ) -> None:
        """Take the store, the active catalog, what tells the planner of an event that it has, or may have, to plan, and the bounds.

        `plan_lone` stores an event with its plan, or returns None.
        """
        self._store, self._active, self._summon, self._glance, self._backlog = store, active, summon, glance, backlog
        self._plan_lone, self._rates, self._news = plan_lone, rates, news
        #: Events that came under the source and id of another one, and were not kept; for /metrics.
        self.differing = 0
        #: Told what became of each event.
        self.counted: Callable[[NewEvent, Acceptance], None] = _uncounted

    async def accept(self, event: NewEvent) -> Acceptance:
        """Store an event durably and return its position; `BacklogFull` when too much waits already, `SourceTooFast` of this source.

        A manual run that cannot run raises `RequestRefused` or `InputInvalid` instead, because its sender is there to read it.
        """
        self.check_rate(event.source)
        if event.type == REQUESTED:
            self._refuse_bad_request(event)
        else:
            event = await self.judged(event)
        (acceptance,) = await self._stored([event], self._store.accept_events, lone=True)
        return acceptance

    async def accept_all(self, events: Sequence[NewEvent]) -> Sequence[Acceptance]:
        """Store events from outside durably, in their order and with one commit; all of them or, with `BacklogFull`, none."""
        return await self._stored([await self.judged(event) for event in events], self._store.accept_events)

    async def accept_ticks(self, progress: Sequence[Progress], events: Sequence[NewEvent]) -> Sequence[Acceptance]:
        """Store what timers did and their ticks, all or none of it, with one commit; `BacklogFull` when too much waits already."""
        return await self._stored([await self.judged(event) for event in events], partial(self._store.record_ticks, progress))

    async def _stored(self, judged: Sequence[NewEvent], store: _Storing, *, lone: bool = False) -> Sequence[Acceptance]:
        events = list(map(self._with_news, judged))
        await self._backlog.check(len(events))
        failpoint("c1")
        planned = await self._plan_lone(events[0]) if lone and self._plan_lone and _is_to_plan(events[0]) else None
        # The planner is woken before, and comes to the store after: what it plans may so be in the same commit.
        acceptances = [planned] if planned else await store(events, followed=any(map(_is_heard, events)) and self._summon())
        failpoint("c2")
        return [self._noted(event, acceptance) for event, acceptance in zip(events, acceptances, strict=True)]

    def check_rate(self, source: str) -> None:
        """Let one more event of a source in, or raise `SourceTooFast`; whoever calls `accept_all` asks it for each event."""
        if self._rates:
            self._rates.check(source)

    def _noted(self, event: NewEvent, acceptance: Acceptance) -> Acceptance:
        """Count what was stored, and return what its sender is told."""
        self.counted(event, acceptance)
        if acceptance.duplicate:
            self.differing += acceptance.differs
            return acceptance
        self._backlog.added(0 if event.unheard else 1)
        if event.unheard:
            self._glance()
        return replace(acceptance, dead=event.dead) if event.dead else acceptance

    async def judged(self, event: NewEvent) -> NewEvent:
        """Return the event with what is known of its fate before it is planned; also asked for one that is to be retried."""
        dead = event.dead or await self._undeliverable(event)
        if dead:
            return replace(event, dead=dead)
        revision = unheard(event, self._active.catalog)
        return event.unheard_under(revision) if revision else event

    def _with_news(self, event: NewEvent) -> NewEvent:
        notice = self._news.of(event, event.dead) if event.dead and self._news else None
        return replace(event, notice=notice) if notice else event

    async def _undeliverable(self, event: NewEvent) -> DeadLetter | None:
        if is_made_here(event):
            return self._not_runnable(event) if event.type == REQUESTED else None
        if ahead := misdated(event.time, event.received_at):
            return ahead
        catalog = self._active.catalog
        if catalog is not None:
            return undeliverable(event.type, event.data, catalog)
        # A restored controller has to fetch first what is active: until then events wait for their plans, unjudged.
        never = not (await self._store.sync()).active_revision
        return DeadLetter(reason=DeadReason.NO_REVISION, detail="no revision is active yet") if never else None

    def _not_runnable(self, event: NewEvent) -> DeadLetter | None:
        try:
            self._refuse_bad_request(event)
        except (RequestRefused, InputInvalid) as error:
            return DeadLetter(reason=DeadReason.NOT_RUNNABLE, detail=error.message)
        return None

    def _refuse_bad_request(self, event: NewEvent) -> None:
        request = read_request(event.data)
        action = request.action_in(self._active.catalog)
        request.check_secrets(action)
        complete_input(action, request.input)


def _uncounted(_event: NewEvent, _acceptance: Acceptance) -> None:
    """Nobody counts."""


def _is_heard(event: NewEvent) -> bool:
    if event.notice:
        return not event.notice.unheard
    return _is_to_plan(event)


def _is_to_plan(event: NewEvent) -> bool:
    return not (event.dead or event.unheard)
