"""Parts: everything the public endpoints work with, as ports; put together by the composition root, handed to each endpoint in its Call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from attune_controller.bounds import Bounds
from attune_controller.dead_letters import Letters
from attune_controller.fleet import FleetAgent
from attune_controller.hooks.receive import CatalogHolder, EventDoor, Hooks
from attune_controller.http.limits import LINES_BYTES
from attune_controller.http.replies import Replies
from attune_controller.identity.enrolment import Enrolments
from attune_controller.identity.join_tokens import JoinTokens
from attune_controller.identity.tokens import ApiTokens
from attune_controller.sensor_placement import Present
from attune_controller.store.port import Store
from attune_controller.store.records.agents import Departure
from attune_controller.store.records.events import Event
from attune_controller.store.records.executions import Execution, QueueKey
from attune_controller.store.records.queues import Hold
from attune_controller.store.records.sensors import Seat
from attune_controller.store.records.timers import Progress
from attune_controller.watched.changes import Changes
from attune_controller.watched.tally import Tally
from attune_core.marks import MarkKind
from attune_core.ports import Clock, Random
from attune_core.states import Reason
from attune_core.wire.agent_frames import LogWindow
from attune_core.wire.explanations import AgentExplanation, EventExplanation, ExecutionExplanation
from attune_core.wire.stream_frames import ReadLog


class FleetView(Protocol):
    """What is known of the agents now; fleet.Fleet."""

    def candidates(self) -> Sequence[FleetAgent]:
        """Return every enrolled agent, by name."""
        ...

    def agent(self, name: str) -> FleetAgent | None:
        """Return one."""
        ...

    def connected(self) -> int:
        """Count the agents that have a stream."""
        ...


class Canceller(Protocol):
    """Who ends executions; cancellation.Cancellation."""

    async def cancel(self, execution: Execution, reason: Reason, detail: str = "") -> Execution:
        """Settle or mark an execution and return it."""
        ...


class Marker(Protocol):
    """Who puts and lifts what operators say of agents; marking.Marking."""

    def find(self, name: str) -> FleetAgent:
        """Return an enrolled agent."""
        ...

    async def put(self, name: str, kind: MarkKind, *, note: str, by: str) -> FleetAgent:
        """Mark an agent and return it."""
        ...

    async def lift(self, name: str, *kinds: MarkKind, by: str) -> FleetAgent:
        """Take marks off an agent and return it."""
        ...


class Requeuer(Protocol):
    """Who gives executions another place; requeueing.Requeueing."""

    async def requeue(self, execution: Execution) -> Execution:
        """Move an execution, or ask its agent for it, and return it."""
        ...


class Holder(Protocol):
    """Who pauses queues; holding.Holding."""

    def all(self) -> Sequence[Hold]:
        """Return everything that is paused."""
        ...

    def of(self, action: str, key: str) -> Sequence[Hold]:
        """Return what holds one queue."""
        ...

    async def put(self, action: str, key: str | None, *, note: str, by: str) -> Hold:
        """Pause a queue, or all of an action."""
        ...

    async def lift(self, action: str, key: str | None, *, by: str) -> bool:
        """Resume; False when it was not paused."""
        ...


class SensingView(Protocol):
    """Which agents run which sensors; sensing.Sensing."""

    def seats(self, sensor: str) -> Sequence[Seat]:
        """Return those of one sensor, by agent."""
        ...

    def present(self) -> Sequence[Present]:
        """Return who is there, as placement sees it."""
        ...


class Forgetter(Protocol):
    """Who lets agents be gone; departing.Departing."""

    async def forget(self, name: str, *, note: str, by: str) -> Departure:
        """Forget an agent and return what became of its work."""
        ...


class Logs(Protocol):
    """Who asks agents for windows of their logs; log_relay.LogRelay."""

    async def read(self, agent: str, question: ReadLog) -> LogWindow:
        """Ask an agent and return its answer."""
        ...


class Explaining(Protocol):
    """Who says why; explaining.explainer.Explainer."""

    async def event(self, event: Event) -> EventExplanation:
        """Say what an event caused, or why it caused nothing."""
        ...

    async def execution(self, execution: Execution) -> ExecutionExplanation:
        """Say why an execution is where it is."""
        ...

    async def agent(self, name: str) -> AgentExplanation:
        """Say why nothing is placed on an agent."""
        ...


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What there is; `repository` and `branch` are only shown, `started_at` is wall-clock seconds.

    `rated_until`: when a rate of all agents lets more of a queue go to an agent, 0 when none holds it. `progress_of`: how far a timer was
    followed.
    """

    store: Store
    intake: EventDoor
    active: CatalogHolder
    fleet: FleetView
    cancels: Canceller
    marking: Marker
    departing: Forgetter
    requeueing: Requeuer
    holding: Holder
    sensing: SensingView
    letters: Letters
    bounds: Bounds
    logs: Logs
    explainer: Explaining
    rated_until: Callable[[str, QueueKey], float]
    progress_of: Callable[[str], Progress | None]
    changes: Changes
    tally: Tally
    hooks: Hooks
    tokens: ApiTokens
    join_tokens: JoinTokens
    enrolments: Enrolments
    replies: Replies
    clock: Clock
    random: Random
    authority: str  # PEM of the controller's CA
    repository: str
    branch: str
    started_at: float
    body_bytes: int = 1 << 20
    #: Of events one a line, which are stored as they come.
    lines_bytes: int = LINES_BYTES
