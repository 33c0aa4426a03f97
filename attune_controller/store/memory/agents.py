"""Agents and join tokens in memory.

Part of MemoryStore.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from attune_controller.store.errors import AgentUnknown, JoinTokenRefused, TokenExists
from attune_controller.store.memory.events import accept
from attune_controller.store.memory.leaving import leave
from attune_controller.store.memory.opened import Opened
from attune_controller.store.records.agents import Agent, Departure
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import End
from attune_core.marks import Marks


class MemoryAgents(Opened):
    """See port.Agents."""

    async def enrol(self, agent: Agent, token_hash: str, now: float, event: NewEvent | None = None) -> None:
        """See the port."""
        token = self.tables.join_tokens.get(token_hash)
        if token is None or token.used_at or token.expires_at <= now or token.name != agent.name:
            raise JoinTokenRefused
        self.tables.join_tokens[token_hash] = replace(token, used_at=now)
        instance = known.instance if (known := self.tables.agents.get(agent.name)) else agent.instance
        self.tables.agents[agent.name] = replace(agent, labels=dict(agent.labels), facts=dict(agent.facts), instance=instance)
        if event is not None:
            accept(self.tables, event)

    async def agent(self, name: str) -> Agent | None:
        """See the port."""
        return self.tables.agents.get(name)

    async def agents(self) -> Sequence[Agent]:
        """See the port."""
        return [agent for _, agent in sorted(self.tables.agents.items())]

    async def greet(self, agent: Agent) -> None:
        """See the port."""
        known = self.tables.agents.get(agent.name)
        if known is None:
            raise AgentUnknown(f"no agent {agent.name} is enrolled")
        self.tables.agents[agent.name] = replace(
            known,
            instance=agent.instance,
            boot_id=agent.boot_id,
            version=agent.version,
            slots=agent.slots,
            facts=dict(agent.facts),
            last_seen_at=agent.last_seen_at,
        )

    async def begin_anew(self, agent: Agent, end: End) -> Departure:
        """See the port."""
        if agent.name not in self.tables.agents:
            raise AgentUnknown(f"no agent {agent.name} is enrolled")
        departure = leave(self.tables, agent.name, end, released_at=None)
        await self.greet(agent)
        return departure

    async def forget(self, name: str, end: End, event: NewEvent) -> Departure:
        """See the port."""
        if name not in self.tables.agents:
            raise AgentUnknown(f"no agent {name} is enrolled")
        departure = leave(self.tables, name, end, released_at=event.received_at)
        self.tables.marks.pop(name, None)
        self.tables.unmerged.pop(name, None)
        del self.tables.agents[name]
        accept(self.tables, event)
        return departure

    async def is_forgotten(self, instance: str) -> bool:
        """See the port."""
        return instance in self.tables.forgotten

    async def seen(self, times: Mapping[str, float]) -> None:
        """See the port."""
        agents = self.tables.agents
        agents.update({name: replace(agents[name], last_seen_at=at) for name, at in times.items() if name in agents})

    async def marks(self) -> Mapping[str, Marks]:
        """See the port."""
        return dict(sorted(self.tables.marks.items()))

    async def set_marks(self, name: str, marks: Marks, event: NewEvent) -> None:
        """See the port."""
        if name not in self.tables.agents:
            raise AgentUnknown(f"no agent {name} is enrolled")
        self.tables.marks.pop(name, None)
        if marks:
            self.tables.marks[name] = dict(sorted(marks.items()))
        accept(self.tables, event)

    async def add_join_token(self, token: JoinToken) -> None:
        """See the port."""
        if token.token_hash in self.tables.join_tokens:
            raise TokenExists
        self.tables.join_tokens[token.token_hash] = replace(token, labels=dict(token.labels))

    async def join_token(self, token_hash: str) -> JoinToken | None:
        """See the port."""
        return self.tables.join_tokens.get(token_hash)
