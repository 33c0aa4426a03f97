"""Planning: one planner reads events strictly by position and turns each into its executions, in one transaction per batch.

Woken by intake, reports (completions are events) and agents that appear; afterwards `dispatch` hands over. The decisions are
the pure `drafting` and `placement`; this module only feeds them and stores what they say (G3, G11).
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar

import structlog

from attune_controller.completion import completion
from attune_controller.dead_letter_news import DeadLetterNews
from attune_controller.drafting import Drafted, draft
from attune_controller.groups import EventTaken, Step, WaitingGroups
from attune_controller.moved import Moved, nobody
from attune_controller.placement import Candidate, differ
from attune_controller.placing import Placing
from attune_controller.plans import Making, ended_group, planned_event
from attune_controller.queue_bound import QueueBound
from attune_controller.store.ports.events import Events
from attune_controller.store.ports.executions import Executions
from attune_controller.store.ports.groups import Groups
from attune_controller.store.ports.queues import Queues
from attune_controller.store.records.events import Acceptance, Event, EventStatus, NewEvent
from attune_controller.store.records.executions import Execution, Move
from attune_controller.store.records.groups import Plan
from attune_controller.store.records.plans import PlannedEvent
from attune_controller.store.transitions import queue_for
from attune_controller.suspects import SET_ASIDE, Suspects
from attune_controller.waking import woken
from attune_core.catalog.catalog import Catalog
from attune_core.dead_letters import DeadLetter, DeadReason
from attune_core.failpoints import failpoint
from attune_core.ids import uuid7
from attune_core.ports import Clock, Random
from attune_core.rules.firing import Fired
from attune_core.rules.gathering import Gathering
from attune_core.rules.throttling import Throttles
from attune_core.states import Outcome, Reason, State

Wake = Callable[[], None]
Released = TypeVar("Released")
#: Events planned in one transaction.
BATCH = 64
#: The longest sleep, seconds: each look reads every execution without an agent.
LONGEST = 60.0
#: Executions without an agent looked at in one read.
PAGE = 1000


class CatalogHolder(Protocol):
    """Where the active catalog is found; swapped whole by reconcile."""

    @property
    def catalog(self) -> Catalog | None:
        """The active one, None before the first revision."""
        ...


class FleetView(Protocol):
    """What is known of the agents now."""

    def candidates(self) -> Sequence[Candidate]:
        """Return every enrolled agent."""
        ...


class PlanningStore(Events, Groups, Executions, Queues, Protocol):
    """The part of the store that planning uses."""


class Planner:
    """The only reader of unplanned events."""

    def __init__(
        self,
        store: PlanningStore,
        active: CatalogHolder,
        fleet: FleetView,
        clock: Clock,
        random: Random,
        *,
        planned: Callable[[str], object],
        waits: Callable[[Execution], None] = lambda _execution: None,
        suspects: Suspects | None = None,
    ) -> None:
        """Take what planning reads and writes; `planned` is told which agent gets work, and says whether that is taken at once.

        `waits` hears of each new execution.
        """
        self._store, self._active, self._fleet = store, active, fleet
        self._clock, self._random, self._planned, self._waits = clock, random, planned, waits
        self._suspects = suspects or Suspects()
        self._began = clock.monotonic()
        #: Whether nothing was planned since the start, and how many events are to be planned one by one.
        self._fresh, self._careful = True, 0
        self.bound = QueueBound(store, clock, random)
        self._groups = WaitingGroups(store, self._suspects.of_groups())
        self.news = DeadLetterNews(lambda: active.catalog, clock, random)
        self._work = asyncio.Event()
        self._resting = False
        #: The plan of an event that came alone, under way.
        self._lone: asyncio.Task[Acceptance | None] | None = None
        #: Held while executions are being placed: what takes them from their agents happens between.
        self._placing_now = asyncio.Lock()
        self._log = structlog.get_logger("planning")
        #: Whether an execution may be waiting for an agent; known only after a look.
        self._waiting = True
        #: The fleet for which these were looked through last; what is newer must not be placed by a later one before them.
        self._looked: Sequence[Candidate] = ()
        #: (action, key) of which something waits for earlier work on a cordoned agent.
        self._held: set[tuple[str, str]] = set()
        #: Told of executions that were placed or ended.
        self.moved: Moved = nobody
        #: Told of events that were planned.
        self.told: Callable[[Sequence[tuple[NewEvent, PlannedEvent]]], None] = _unwatched
        #: How long an execution without a matching agent waits; seconds.
        self.agent_wait = 600.0

    def wake(self) -> None:
        """Say that there may be something to plan or to place."""
        self._work.set()

    def summon(self) -> bool:
        """Say that an event is on its way into the store; tell whether it is looked for at once."""
        idle = self._resting and self._lone is None and self._plans_ahead()
        self._work.set()
        return idle

    async def plan_lone(self, event: NewEvent) -> Acceptance | None:
        """Store an event with its plan if there is nothing else to be done; None: nothing of it is stored.

        It goes to the store's thread once so, and not for its acceptance, for a look for it, and for its plan.
        """
        if not self._resting or self._lone is not None or self._work.is_set() or self._placing_now.locked() or not self._plans_ahead():
            return None
        self._lone = asyncio.create_task(self._plan_lone(event))
        return await asyncio.shield(self._lone)  # its sender may go, and it must be noted nevertheless

    def _plans_ahead(self) -> bool:
        """Tell whether events may be planned before they are on the disk: nobody is suspected of what such a one does."""
        return not (self._fresh or self._careful) and self._suspects.may_plan_ahead(self._clock.monotonic() - self._began)

    def glance(self) -> None:
        """Say that an event was stored to which nothing listens.

        The store has planned it unless an older one waited; and of that one the planner has heard before, so that it is at work or woken.
        """
        if not self._resting:
            self._work.set()

    async def run(self) -> None:
        """Plan for ever; after each wake-up until nothing is left, and look for overdue executions now and then."""
        try:
            await self._plan_for_ever()
        except asyncio.CancelledError:
            self._suspects.end_in_order()
            raise

    async def _plan_for_ever(self) -> None:
        while True:
            self._work.clear()
            await self.plan_all()
            waits = [await self.place_waiting()]
            if self._active.catalog is not None:  # the first revision wakes
                waits.append(await self._groups.wait(self._clock.now()))
            self._resting = True
            await woken(self._work, min((one for one in waits if one is not None), default=None), longest=LONGEST)
            self._resting = False
            async with self._placing_now:
                pass  # what a lone event came to is committed

    async def between_batches(self, release: Callable[[], Awaitable[Released]]) -> Released:
        """Run what takes executions from an agent while nothing is being placed, and place those before anything newer."""
        async with self._placing_now:
            released = await release()
            self._waiting, self._looked = True, ()
        self._work.set()
        return released

    async def plan_all(self) -> None:
        """Plan every accepted event, strictly by position, and end what waited until now; nothing before the first revision is active."""
        await self._plan_events()
        while (catalog := self._active.catalog) is not None and await self._end_due(catalog, self._clock.now()):
            await self._plan_events()

    async def _plan_events(self) -> None:
        more = True
        while more and (catalog := self._active.catalog) is not None:
            self._work.clear()
            events = await self._store.unplanned(limit=1 if self._careful else BATCH, certain=not self._plans_ahead())
            # What arrives from here on has set `_work` again, so a batch that is not full needs no second look.
            more = len(events) == BATCH or bool(self._careful) or self._work.is_set()
            if not events:
                self._careful = 0
                continue
            while await self._end_due(catalog, events[0].new.received_at):
                pass  # before the events are suspected of anything
            if self._fresh:
                self._fresh = False
                if self._suspects.begin(events[0].position):
                    self._careful = BATCH  # the last batch ended the controller; which event of it did is to be found out
                    more = True
                    continue
            set_aside = self._careful > 0 and self._suspects.convict(events[0].position)
            self._careful = max(self._careful - 1, 0)
            failpoint("c3")
            async with self._placing_now:
                if set_aside:
                    await self._set_aside(events[0], catalog)
                else:
                    more = not await self._plan(events, catalog) or more

    async def _set_aside(self, event: Event, catalog: Catalog) -> None:
        """Keep an event that ends the controller whenever it is planned as a dead letter."""
        reason = f"the controller died {SET_ASIDE} times while it planned this event alone: it is set aside; please report it"
        self._log.error("event_set_aside", position=event.position, type=event.new.type, reason=reason)
        dead = DeadLetter(reason=DeadReason.QUARANTINED, detail=reason)
        plan = PlannedEvent(position=event.position, revision=catalog.revision or "", dead=dead)
        await self._store.record_plans([self.news.added(event, plan)])

    async def _plan(self, events: Sequence[Event], catalog: Catalog) -> bool:
        """Plan events of one batch, at least the first; tell whether it was all of them."""
        if self._waiting and differ(self._fleet.candidates(), self._looked):
            await self._place_waiting()  # what waits is older
        steps = await self._draft(events, catalog)
        taken = [step.event for step in steps if isinstance(step, EventTaken)]
        over_before = min(event.new.received_at for event in taken)  # what is still to be planned was received later
        await self._commit(steps, catalog, over_before=over_before)
        return len(taken) == len(events)

    async def _plan_lone(self, event: NewEvent) -> Acceptance | None:
        async with self._placing_now:
            try:
                found = await self._foreseen(event)
                if found is None:
                    return None
                step, plan = found
                await self.bound.applied([plan])
                followed = self._call([plan])
                acceptance, made = await self._store.accept_planned(event, plan, over_before=event.received_at, followed=followed)
            except Exception as error:  # noqa: BLE001 - nothing of it is stored: it comes the long way, and whose error it is meets it there
                self._log.info("event_not_planned_ahead", type=event.type, error=type(error).__name__)
                return None
            finally:
                self._lone = None
            if acceptance.planned:
                self._committed([step], [plan.at(acceptance.position)], made)
            if self._waiting or not (acceptance.planned or acceptance.duplicate):
                self._work.set()
            return acceptance

    async def _foreseen(self, event: NewEvent) -> tuple[EventTaken, PlannedEvent] | None:
        """Return what a lone event comes to; None when that has to do with more than itself, or with its position."""
        catalog = self._active.catalog
        if catalog is None or (self._waiting and differ(self._fleet.candidates(), self._looked)):
            return None
        lone = Event(position=0, new=event, status=EventStatus.ACCEPTED)
        drafted = draft(lone, catalog)
        if drafted.dead or drafted.asks or await self._groups.may_be_due(event.received_at):
            return None
        drafted, _ = drafted.asked(await self._throttles([drafted]), Gathering(), lone)
        step = EventTaken(event=lone, drafted=drafted)
        plan = planned_event(step, await self._making([step], catalog))
        return (step, plan) if await self.bound.fits(plan) else None

    async def _end_due(self, catalog: Catalog, at: float) -> bool:
        """End groups of waiting events whose time has come, some of them; tell whether there may be more."""
        if not await self._groups.may_be_due(at):
            return False
        async with self._placing_now:
            ended = await self._groups.due(at, catalog)
            await self._commit(ended, catalog)
            return bool(ended)

    async def _commit(self, steps: Sequence[Step], catalog: Catalog, *, over_before: float = 0.0) -> None:
        if not steps:
            return
        making = await self._making(steps, catalog)
        plans = await self.bound.applied(
            [
                self.news.added(step.event, planned_event(step, making)) if isinstance(step, EventTaken) else ended_group(step, making)
                for step in steps
            ]
        )
        self._committed(steps, plans, await self._store.record_plans(plans, over_before=over_before, followed=self._call(plans)))

    async def _making(self, steps: Sequence[Step], catalog: Catalog) -> Making:
        fired = [item for step in steps for item in step.drafts if isinstance(item, Fired)]
        placing = await self._placing({(item.action.ref, item.filled.key) for item in fired}, self._held)
        new_id = partial(uuid7, self._clock, self._random)
        return Making(catalog=catalog, placing=placing, now=self._clock.now(), new_id=new_id)

    def _call(self, plans: Sequence[Plan]) -> bool:
        """Wake the agents that get work, before it is stored: what they take comes after that. Tell whether one takes it at once."""
        self._waiting = self._waiting or any(not item.agent and not item.rejected for plan in plans for item in plan.executions)
        agents = {item.agent for plan in plans for item in plan.executions if item.agent and not item.rejected}
        taken = [self._planned(agent) for agent in sorted(agents)]
        return any(taken)

    def _committed(self, steps: Sequence[Step], plans: Sequence[Plan], made: Sequence[Execution]) -> None:
        for execution in made:
            self._waits(execution)
        self.told(
            [
                (step.event.new, plan)
                for step, plan in zip(steps, plans, strict=True)
                if isinstance(step, EventTaken) and isinstance(plan, PlannedEvent)
            ]
        )
        self._groups.committed(plans)
        if any(plan.notices for plan in plans):
            self._work.set()  # they are events themselves
        for step, plan in zip(steps, plans, strict=True):
            for failed in step.failed:
                self._log.warning("condition_failed", position=plan.position, revision=plan.revision, note=failed.error)

    async def _draft(self, events: Sequence[Event], catalog: Catalog) -> Sequence[Step]:
        """Say what each event of a batch causes; throttles go by what is stored, and by what this batch admits."""
        drafted = [draft(event, catalog) for event in events]
        return await self._groups.steps(events, drafted, await self._throttles(drafted), catalog)

    async def _throttles(self, drafted: Sequence[Drafted]) -> Throttles:
        keys = {window.key for one in drafted for window in one.windows}
        return Throttles(await self._store.admissions(sorted(keys)) if keys else {})

    async def place_waiting(self) -> float | None:
        """Place executions that found no agent before, in order; reject what waited too long; return seconds until the next is due."""
        async with self._placing_now:
            return await self._place_waiting()

    async def _place_waiting(self) -> float | None:
        after, left, held = (0, 0), [math.inf], set[tuple[str, str]]()
        self._looked = self._fleet.candidates()
        while self._waiting:
            waiting = await self._store.waiting_for_agent(limit=PAGE, after=after)
            left += await self._place(waiting, held)
            if len(waiting) < PAGE:
                self._waiting = min(left) < math.inf
                break
            after = (waiting[-1].new.event, waiting[-1].number)
        self._held = held
        return None if min(left) == math.inf else min(left)

    async def _place(self, waiting: Sequence[Execution], held: set[tuple[str, str]]) -> list[float]:
        """Place or reject one page; return, for each that still waits, the seconds that it has left."""
        now, still = self._clock.now(), []
        placing = await self._placing({(item.new.action, item.new.key) for item in waiting}, held)
        for execution in waiting:
            new = execution.new
            left = max(new.accepted_at, execution.released_at) + self.agent_wait - now
            if agent := placing.choose(new.action, new.key, new.match, fleet=new.fleet):
                if await self.bound.has_room(execution, agent):
                    self._tell([await self._store.place(new.id, agent)])
                else:
                    news = self.bound.news(queue_for(new, agent), new.event, new.hops + 1)
                    await self._reject(execution, Reason.QUEUE_FULL, self.bound.why(new.action), news)
            elif left <= 0:
                await self._reject(execution, Reason.NO_AGENT, placing.hindrance(new.action, new.key, new.match))
            else:
                still.append(left)
        return still

    async def _reject(self, execution: Execution, reason: Reason, detail: str, notice: NewEvent | None = None) -> None:
        """Settle what cannot be placed; the completion, and the notice with it, are events of the same commit."""
        now = self._clock.now()
        move = Move(
            execution=execution.new.id,
            attempt=0,
            state=State.SETTLED,
            at=now,
            outcome=Outcome.REJECTED,
            reason=reason,
            detail=detail,
        )
        done = replace(completion(execution, move, now), notice=notice)
        self.moved(await self._store.record_moves([replace(move, completion=done)]))
        self._work.set()  # its completion is an event to plan

    async def _placing(self, queues: set[tuple[str, str]], held: set[tuple[str, str]]) -> Placing:
        keyed = sorted(queue for queue in queues if queue[1] != "null")
        holders = await self._store.keyed_agents(keyed) if keyed else {}
        if not self._waiting:
            self._looked = self._fleet.candidates()  # nothing waits, so all of it was looked through for whoever is there now
        load = await self._store.unsettled_load() if len(self._looked) > 1 else {}  # one agent needs no comparison
        return Placing(self._looked, dict(holders), dict(load), held)

    def _tell(self, executions: Sequence[Execution]) -> None:
        self.moved(executions)
        for agent in dict.fromkeys(execution.agent for execution in executions if execution.agent and execution.state is State.QUEUED):
            self._planned(agent)


def _unwatched(_planned: Sequence[tuple[NewEvent, PlannedEvent]]) -> None:
    """Nobody watches events."""
