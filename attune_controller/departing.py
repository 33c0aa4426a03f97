"""Departing: lets an agent be none any more, because an operator says that it does not come back (design §5, Away).

Called by the API. What it was handed is lost, the rest is placed again, its certificate is void and its session ends. Nobody but a person
can decide this: a dead agent and one that is cut off look alike, and the latter goes on with what it has (reliability.md §1.4).
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from attune_controller.departures import end_when_forgotten
from attune_controller.errors import AgentForgotten
from attune_controller.fleet import Fleet
from attune_controller.internal_events import operator_event
from attune_controller.marking import Marking
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.store.ports.agents import Agents
from attune_controller.store.ports.upkeep import Merges
from attune_controller.store.records.agents import Departure
from attune_core.ports import Clock, Random
from attune_core.safe_text import safe_text


class Between(Protocol):
    """Who plans: what takes executions from an agent happens between two batches of plans; planning.Planner."""

    async def between_batches(self, release: Callable[[], Awaitable[Departure]]) -> Departure:
        """Run it while nothing is being placed, and place what it released before anything newer."""
        ...


class DepartingStore(Agents, Merges, Protocol):
    """The part of the store that departing uses."""


class Departing:
    """The only way in which an agent's name is given up."""

    def __init__(
        self,
        store: DepartingStore,
        fleet: Fleet,
        sessions: OpenSessions,
        marking: Marking,
        planner: Between,
        *,
        clock: Clock,
        random: Random,
    ) -> None:
        """Take what knows the agent."""
        self._store, self._fleet, self._sessions, self._marking, self._planner = store, fleet, sessions, marking, planner
        self._clock, self._random = clock, random
        #: Told of the name: whoever remembers its certificate forgets it too.
        self.void: Callable[[str], None] = _nobody
        #: Told afterwards that there is one agent fewer.
        self.changed: Callable[[], None] = _nothing
        self._log = structlog.get_logger("departing")

    async def forget(self, name: str, *, note: str, by: str) -> Departure:
        """Settle, release and void everything of an agent; `AgentUnknown`."""
        agent = self._marking.find(name)
        event = operator_event("agent_forgotten", agent.name, {"agent": agent.name, "by": by, "note": note}, self._clock, self._random)

        async def release() -> Departure:
            unmerged = (await self._store.unmerged()).get(agent.name)
            end = end_when_forgotten(agent.name, event.received_at, restored=unmerged.numbers if unmerged else 0)
            departure = await self._store.forget(agent.name, end, event)
            self._fleet.forgotten(agent.name)
            self.void(agent.name)
            self._sessions.end(agent.name, AgentForgotten(f"{agent.name} was forgotten by {by}: {note}"))
            return departure

        departure = await self._planner.between_batches(release)
        self.changed()
        self._log.info("agent_forgotten", agent=agent.name, by=by, note=safe_text(note), ended=departure.ended, released=departure.released)
        return departure


def _nobody(_name: str) -> None:
    """Nobody remembers it."""


def _nothing() -> None:
    """Nothing depends on it."""
