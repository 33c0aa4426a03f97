"""Fleet: what is known of the enrolled agents now, in memory; connections come from sessions, labels and marks from the store.

Read by planning (whom to choose) and the API (agent list, status); written by sessions, marking and, at start, the composition root.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from attune_controller.store.records.agents import Agent
from attune_core.marks import Mark, MarkKind, Marks
from attune_core.wire.agent_frames import Status


@dataclass(frozen=True, kw_only=True)
class FleetAgent:
    """One enrolled agent at one moment; `status` is what it last said of itself, None before that or while it is away."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    connected: bool = False
    slots: int = 0
    status: Status | None = None
    marks: Marks = field(default_factory=dict)
    #: When it was heard of last, known when it left; the store has it only to the minute. Wall clock, seconds.
    heard_at: float = 0.0

    @property
    def cordoned(self) -> bool:
        """Whether it gets no new placements."""
        return MarkKind.CORDONED in self.marks or MarkKind.DRAINING in self.marks


class Fleet:
    """The agents by name; a snapshot is made only after something changed."""

    def __init__(self) -> None:
        """Begin empty."""
        self._agents: dict[str, FleetAgent] = {}
        self._snapshot: tuple[FleetAgent, ...] | None = None
        #: Told what is known of an agent now, and what was before.
        self.changed: Callable[[FleetAgent | None, FleetAgent | None], None] = _nobody

    def candidates(self) -> Sequence[FleetAgent]:
        """Return every enrolled agent, by name."""
        if self._snapshot is None:
            self._snapshot = tuple(self._agents[name] for name in sorted(self._agents))
        return self._snapshot

    def agent(self, name: str) -> FleetAgent | None:
        """Return one."""
        return self._agents.get(name)

    def told(self, name: str) -> tuple[Mark | None, Mark | None]:
        """Return what an agent is told of its marks: the pause and the drain. That it is cordoned is the planner's alone."""
        marks = known.marks if (known := self._agents.get(name)) else {}
        return marks.get(MarkKind.PAUSED), marks.get(MarkKind.DRAINING)

    def connected(self) -> int:
        """Count the agents that have a stream."""
        return sum(agent.connected for agent in self._agents.values())

    def enrolled(self, agents: Iterable[Agent]) -> None:
        """Take these agents over from the store; what is known of their connection stays."""
        for agent in agents:
            known = self._agents.get(agent.name, FleetAgent(name=agent.name))
            self._put(replace(known, labels=dict(agent.labels), slots=agent.slots))

    def forgotten(self, name: str) -> None:
        """Let there be no such agent."""
        if known := self._agents.pop(name, None):
            self._snapshot = None
            self.changed(known, None)

    def marked(self, name: str, marks: Marks) -> None:
        """Take over what operators say of an agent."""
        self._put(replace(self._agents.get(name, FleetAgent(name=name)), marks=marks))

    def joined(self, name: str) -> None:
        """Mark an agent as connected: its stream is open."""
        if known := self._agents.get(name):
            self._put(replace(known, connected=True))

    def left(self, name: str, heard_at: float = 0.0) -> None:
        """Mark an agent as unreachable; what it said of itself is no longer true."""
        if known := self._agents.get(name):
            self._put(replace(known, connected=False, status=None, heard_at=heard_at))

    def said(self, name: str, status: Status) -> None:
        """Keep an agent's condition."""
        if known := self._agents.get(name):
            self._put(replace(known, status=status, slots=status.slots))

    def _put(self, agent: FleetAgent) -> None:
        before, self._agents[agent.name] = self._agents.get(agent.name), agent
        self._snapshot = None
        self.changed(before, agent)


def _nobody(_before: FleetAgent | None, _after: FleetAgent | None) -> None:
    """Nobody watches agents."""
