"""Assembly: the parts that an event passes from its acceptance to its end, put together over the ports Store, Clock and Random.

Made by `app`, which adds git, TLS, listeners and files, and by the simulation, which adds none of them. The order of the parts is the way
of an event (design §4).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from starlette.types import Scope

from attune_controller.backlog import Backlog
from attune_controller.bounds import Holder
from attune_controller.cancellation import Cancellation
from attune_controller.dead_letters import Letters
from attune_controller.departing import Departing
from attune_controller.dispatch import Dispatch
from attune_controller.expiry import Expiry
from attune_controller.fleet import Fleet
from attune_controller.holding import Holding
from attune_controller.intake import Intake
from attune_controller.log_relay import LogRelay
from attune_controller.marking import Marking
from attune_controller.merging import Merging
from attune_controller.packs import PackStore
from attune_controller.planning import Planner
from attune_controller.policies import longest_back_off
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.reports import Reports
from attune_controller.requeueing import Requeueing
from attune_controller.returning import Returning
from attune_controller.sensing import Sensing
from attune_controller.sensor_events import SensorEvents
from attune_controller.sessions.clones import Clones
from attune_controller.sessions.greeting import Greeting
from attune_controller.sessions.incoming import Incoming
from attune_controller.sessions.last_seen import keep_last_seen
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.sessions.routes import AgentRequests
from attune_controller.sessions.session import Session
from attune_controller.sessions.stream import Stream
from attune_controller.source_rates import SourceRates
from attune_controller.store.port import Store
from attune_controller.store.records.agents import Agent
from attune_controller.store.records.events import Acceptance, NewEvent
from attune_controller.store.records.executions import Execution
from attune_controller.suspects import Suspects
from attune_controller.timers.following import Timers
from attune_controller.turns import Turns
from attune_controller.watched.changes import Changes
from attune_controller.watched.tally import Tally
from attune_controller.watched.telling import Telling
from attune_core.ports import Clock, Random
from attune_core.states import State
from attune_core.wire.agent_frames import Status
from attune_core.wire.session import PING_INTERVAL

Loop = Callable[[], Awaitable[None]]


class Assembly:
    """The parts that know each other, in the order in which they need each other."""

    def __init__(self, *, store: Store, clock: Clock, random: Random, agent_wait: float, suspects: Suspects | None = None) -> None:
        """Take the ports; `agent_wait` is how long an execution without a matching agent waits, seconds."""
        self.backlog = Backlog(store, clock)
        self.store, self.clock, self.random = store, clock, random
        self.active, self.fleet, self.sessions, self.clones = ActiveCatalog(), Fleet(), OpenSessions(), Clones()
        self.planner = Planner(
            store, self.active, self.fleet, clock, random, planned=self.sessions.wake, waits=self._waits, suspects=suspects
        )
        self.planner.agent_wait = agent_wait
        self.rates = SourceRates(clock)
        self.intake = Intake(
            store,
            self.active,
            summon=self.planner.summon,
            glance=self.planner.glance,
            backlog=self.backlog,
            plan_lone=self.planner.plan_lone,
            rates=self.rates,
            news=self.planner.news,
        )
        self.letters = Letters(store, self.intake, self.backlog, clock=clock, random=random, planned=self.planner.wake)
        self.cancellation = Cancellation(store, self.sessions, clock, self.planner.wake)
        self.marking = Marking(store, self.fleet, self.sessions, clock=clock, random=random, changed=self._fleet_changed)
        self.departing = Departing(store, self.fleet, self.sessions, self.marking, self.planner, clock=clock, random=random)
        self.departing.changed = self._fleet_changed
        self.dispatch = Dispatch(store, self.sessions, self.active, self.cancellation, clock)
        self.expiry = Expiry(store, self.active, clock, self.planner.wake)
        self.returning = Returning(store, clock, self._returned, longest=lambda: longest_back_off(self.active.catalog))
        self.requeueing = Requeueing(store, self.sessions, self._returned)
        self.holding = Holding(store, self.sessions, clock=clock, random=random)
        self.sensing = Sensing(store, self.fleet, self.sessions, self.active, clock=clock, random=random)
        self.holding.planned = self.sensing.planned = self.planner.wake
        self.reports = Reports(store, self.active, clock, wake=self.planner.wake, glance=self.planner.glance, returned=self._returned)
        self.turns = Turns(store, self.sessions, self.active, self.cancellation, clock, planned=self.planner.wake)
        self.tally, self.changes = Tally(clock), Changes(clock, random)
        self.telling = Telling(self.changes, clock)
        self.intake.counted, self.planner.told = self._came, self.telling.planned
        self.fleet.changed, self.holding.told_of = self.telling.agent, self.telling.held
        self.planner.moved = self.reports.moved = self.expiry.moved = self.cancellation.moved = self.turns.moved = self._moved
        self.timers = Timers(store, self.intake, self.active, clock)
        self.logs = LogRelay(self.sessions, clock, random)

    def requests(self, agent_of: Callable[[Scope], str], packs: PackStore, *, ping: float = PING_INTERVAL) -> AgentRequests:
        """Return what answers agents; `agent_of` returns the name that their connection proves, `ping` is how often both sides speak."""
        store, clock, sessions = self.store, self.clock, self.sessions
        return AgentRequests(
            agent_of=agent_of,
            greeting=self._greeting(ping),
            stream=Stream(
                sessions, self.clones, self.fleet, self.logs, clock, serve=self._serve, changed=self._fleet_changed, interval=ping
            ),
            incoming=Incoming(
                store,
                self.reports,
                SensorEvents(self.intake, self.sensing, self.active, clock),
                self.logs,
                clock,
                said=self._said,
            ),
            merging=Merging(store, lambda: store.incarnation, clock, self._redealt),
            sessions=sessions,
            packs=packs,
        )

    def _greeting(self, ping: float) -> Greeting:
        return Greeting(
            self.store,
            self.sessions,
            self.clones,
            fleet=self.fleet,
            active=self.active,
            clock=self.clock,
            random=self.random,
            holds=self.holding.told,
            sensors=self.sensing.told,
            planned=self._redealt,
            ping=ping,
        )

    def bounds(self) -> list[Holder]:
        """Return who has queues and buffers, for a look at all of them."""
        return [
            self.store.bounds,
            self.backlog.bounds,
            self.rates.bounds,
            self.planner.bound.bounds,
            self.sessions.bounds,
            self.changes.bounds,
        ]

    @property
    def loops(self) -> Mapping[str, Loop]:
        """What runs for as long as the controller does."""
        return {
            "planning": self.planner.run,
            "planning of a new revision": self._plan_when_live,
            "dispatch": self.dispatch.follow,
            "turns": self.turns.run,
            "back-offs": self.returning.run,
            "expiry": self.expiry.run,
            "timers": self.timers.run,
            "sensors": self.sensing.run,
            "sensors of a new revision": self.sensing.follow,
            "last seen": lambda: keep_last_seen(self.store, self.sessions, self.clock),
        }

    async def restore(self) -> None:
        """Take over what the store knows, before anybody is answered."""
        self.fleet.enrolled(await self.store.agents())
        await self.marking.restore()
        await self.holding.restore()
        await self.sensing.restore()
        await self.backlog.count()

    def enrolled(self, agents: Iterable[Agent]) -> None:
        """A new agent may be what waiting executions wait for."""
        self.fleet.enrolled(agents)
        self._fleet_changed()

    def _fleet_changed(self) -> None:
        """Work may be placed otherwise, and sensors too."""
        self.planner.wake()
        self.sensing.wake()

    def _said(self, agent: str, status: Status) -> None:
        self.fleet.said(agent, status)
        self.sensing.said(agent, status)

    async def _serve(self, session: Session) -> None:
        """What was marked between the hello and the stream is said now; then hand over."""
        self.marking.tell(session)
        self.holding.tell(session)
        self.sensing.tell(session)
        await self.dispatch.serve(session)

    async def _plan_when_live(self) -> None:
        """Events wait while no revision is active; the first one wakes the planner."""
        seen = ""
        while True:
            seen = await self.active.changed(seen)
            self.planner.wake()
            self.expiry.wake()
            self.timers.wake()

    def _redealt(self) -> None:
        """Executions of an agent that began anew have ended, or wait for another one."""
        self.planner.wake()
        self.changes.unsure()

    def _came(self, event: NewEvent, acceptance: Acceptance) -> None:
        self.tally.event(event, acceptance)
        self.telling.event(event, acceptance)

    def _moved(self, executions: Sequence[Execution]) -> None:
        self.tally.moved(executions)
        self.turns.changed(executions)
        self.telling.moved(executions)

    def _waits(self, execution: Execution) -> None:
        """One more waits: it counts for the bound, and may be due before all others."""
        self.telling.moved([execution])
        if execution.state is State.SETTLED:
            self.tally.moved([execution])
        else:
            self.backlog.added(1)
            self.expiry.waits(execution)

    def _returned(self, execution: Execution) -> None:
        """It has a new place, or gets one when its back-off is over."""
        self.telling.moved([execution])
        if execution.ready_at:
            self.returning.wake()
        else:
            self.sessions.wake(execution.agent)
            self.turns.changed([execution])
            self.expiry.waits(execution)
