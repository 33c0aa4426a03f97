"""Sources: where facts come from, as ports, and the small questions that all explanations ask.

Put together by the composition root; used by `executions`, `events` and `agents`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from attune_controller.explaining.revisions import Revisions
from attune_controller.fleet import FleetAgent
from attune_controller.http.queue_views import pause_view
from attune_controller.http.views import agent_view
from attune_controller.store.port import Store
from attune_controller.store.records.agents import Load
from attune_controller.store.records.executions import Execution, QueueKey
from attune_core.ports import Clock, rfc3339
from attune_core.states import State
from attune_core.wire.api import AgentView
from attune_core.wire.explanations import HolderView
from attune_core.wire.queues import QueuePause

#: Executions that are named of a queue, and of those that take slots.
NAMED, UNDER_WAY = 5, 20
#: A place behind every execution of a queue.
END = 2**62


class FleetView(Protocol):
    """What is known of the agents now; fleet.Fleet."""

    def candidates(self) -> Sequence[FleetAgent]:
        """Return every enrolled agent, by name."""
        ...

    def agent(self, name: str) -> FleetAgent | None:
        """Return one."""
        ...


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What is asked. `agent_wait`: how long an execution waits for an agent, seconds; `locked`: who is a clone.

    `rated_until`: when a rate of all agents lets more of a queue go to an agent, 0 for none.
    """

    store: Store
    fleet: FleetView
    revisions: Revisions
    clock: Clock
    agent_wait: float
    locked: Callable[[str], bool]
    rated_until: Callable[[str, QueueKey], float]

    def now(self) -> str:
        """Return the time as documents write it."""
        return rfc3339(self.clock.now())

    async def agent(self, name: str) -> AgentView | None:
        """Return an enrolled agent."""
        agent = await self.store.agent(name) if name else None
        if agent is None:
            return None
        load = (await self.store.loads()).get(name, Load(in_hand=0, waiting=0))
        return agent_view(agent, self.fleet.agent(name), load)

    async def under_way(self, name: str) -> tuple[HolderView, ...]:
        """Return what takes an agent's slots, as it said last, the oldest first."""
        since = self.since(name)
        found = [await self.store.execution(one) for one in sorted(since, key=lambda one: since[one])[:UNDER_WAY]]
        return tuple(holder(one, since) for one in found if one and one.agent == name)

    async def pauses(self, action: str, key: str) -> tuple[QueuePause, ...]:
        """Return what operators paused of a queue: its action, and itself."""
        return tuple(pause_view(one) for one in await self.store.queue_holds() if one.action == action and one.key in (None, key))

    def since(self, name: str) -> Mapping[str, float]:
        """Return since when executions take a slot of an agent, by the agent's word and clock."""
        known = self.fleet.agent(name)
        queues = known.status.queues if known and known.status else ()
        return {one.execution: one.since for queue in queues for one in queue.under_way}


def holder(execution: Execution, since: Mapping[str, float]) -> HolderView:
    """Return an execution that stands in the way of others."""
    begun = since.get(execution.new.id, execution.started_at if execution.state is State.STARTED else 0.0)
    return HolderView(
        number=execution.number,
        id=execution.new.id,
        action=execution.new.action,
        agent=execution.agent,
        state=execution.state,
        attempt=execution.attempt,
        since=moment_of(begun),
        detail=execution.detail[:300],
    )


def moment_of(seconds: float) -> str:
    """Return a time that an agent said, "" for none and for what no clock shows."""
    try:
        return rfc3339(seconds) if seconds > 0 else ""
    except (ValueError, OverflowError, OSError):
        return ""
