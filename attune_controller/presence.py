"""Presence: tells in events which agents have gone and come back, once each, also over restarts of the controller.

One loop beside the listeners. An agent is away when its stream has ended, which three missed pings do at the latest; it is said to be
unreachable when it has not come back for a while, so that restarts of either side are no news.
"""

from typing import Protocol

from attune_controller.fleet import Fleet, FleetAgent
from attune_controller.internal_events import internal_event
from attune_controller.planning import Wake
from attune_controller.store.ports.agents import Agents
from attune_controller.store.ports.conditions import Conditions
from attune_core.ports import Clock, Random, rfc3339
from attune_core.values import JsonObject, JsonValue

#: The condition's name; seconds until an agent that is away is said to be, and between two looks.
UNREACHABLE = "agent_unreachable"
PATIENCE, INTERVAL = 30.0, 5.0


class PresenceStore(Conditions, Agents, Protocol):
    """The part of the store that presence uses."""


class Presence:
    """Looks who is there."""

    def __init__(self, store: PresenceStore, fleet: Fleet, clock: Clock, random: Random, planned: Wake) -> None:
        """Take what is needed; `planned` wakes the planner."""
        self._store, self._fleet, self._clock, self._random, self._wake = store, fleet, clock, random, planned
        #: Since when each agent has been away, as far as this life of the controller has seen it; monotonic.
        self._away: dict[str, float] = {}

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await self._clock.sleep(INTERVAL)

    async def look(self) -> None:
        """Tell what has changed since the last look."""
        told = await self._store.conditions(UNREACHABLE)
        agents = {agent.name: agent for agent in self._fleet.candidates()}
        now = self._clock.monotonic()
        self._away = {name: self._away.get(name, now) for name, agent in agents.items() if not agent.connected}
        for name, agent in agents.items():
            if name in told and agent.connected:
                await self._came_back(agent, told[name])
            elif name not in told and not agent.connected and now - self._away[name] >= PATIENCE:
                await self._went(agent)
        for name in told.keys() - agents.keys():  # that it was forgotten is an event of its own
            await self._store.end_condition(UNREACHABLE, name, None)

    async def _went(self, agent: FleetAgent) -> None:
        stored = await self._store.agent(agent.name)
        if stored is None:
            return
        seen = max(agent.heard_at, stored.last_seen_at)
        await self._tell(agent, "agent_unreachable", {"last_seen": rfc3339(seen) if seen else None})

    async def _came_back(self, agent: FleetAgent, since: float) -> None:
        await self._tell(agent, "agent_reachable", {"since": rfc3339(since)})

    async def _tell(self, agent: FleetAgent, what: str, more: JsonObject) -> None:
        labels: JsonValue = dict(agent.labels)
        event = internal_event(what, agent.name, {"agent": agent.name, "labels": labels, **more}, self._clock, self._random)
        change = self._store.begin_condition if what == UNREACHABLE else self._store.end_condition
        if await change(UNREACHABLE, agent.name, event):
            self._wake()
