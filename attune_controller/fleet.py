"""Fleet: what is known of the enrolled agents now, in memory; connections come from sessions, labels from the store.

Read by planning (whom to choose), the API (agent list, status) and dispatch; written by sessions and, at start, by the composition root.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from attune_controller.store.records import Agent
from attune_core.wire.frames import Status


@dataclass(frozen=True, kw_only=True)
class FleetAgent:
    """One enrolled agent at one moment; `status` is what it last said of itself, None before that or while it is away."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    connected: bool = False
    slots: int = 0
    status: Status | None = None


class Fleet:
    """The agents by name; a snapshot is made only after something changed."""

    def __init__(self) -> None:
        """Begin empty."""
        self._agents: dict[str, FleetAgent] = {}
        self._snapshot: tuple[FleetAgent, ...] | None = None

    def candidates(self) -> Sequence[FleetAgent]:
        """Return every enrolled agent, by name."""
        if self._snapshot is None:
            self._snapshot = tuple(self._agents[name] for name in sorted(self._agents))
        return self._snapshot

    def agent(self, name: str) -> FleetAgent | None:
        """Return one."""
        return self._agents.get(name)

    def connected(self) -> int:
        """Count the agents that have a stream."""
        return sum(agent.connected for agent in self._agents.values())

    def enrolled(self, agents: Iterable[Agent]) -> None:
        """Take these agents over from the store; what is known of their connection stays."""
        for agent in agents:
            known = self._agents.get(agent.name, FleetAgent(name=agent.name))
            self._put(replace(known, labels=dict(agent.labels), slots=agent.slots))

    def joined(self, name: str) -> None:
        """Mark an agent as connected: its stream is open."""
        self._change(name, connected=True)

    def left(self, name: str) -> None:
        """Mark an agent as unreachable; what it said of itself is no longer true."""
        if known := self._agents.get(name):
            self._put(replace(known, connected=False, status=None))

    def said(self, name: str, status: Status) -> None:
        """Keep an agent's condition."""
        if known := self._agents.get(name):
            self._put(replace(known, status=status, slots=status.slots))

    def _change(self, name: str, *, connected: bool) -> None:
        self._put(replace(self._agents.get(name, FleetAgent(name=name)), connected=connected))

    def _put(self, agent: FleetAgent) -> None:
        self._agents[agent.name] = agent
        self._snapshot = None
