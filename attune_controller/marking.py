"""Marking: puts and lifts what operators say of agents (cordoned, paused, draining), durably, and lets everyone concerned know.

Called by the API for operators, and by the composition root when a stream opens. Each change is an event of its own, `core.agent_…`,
which says who, when and why long after the mark is gone; asking for what is so already changes nothing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import structlog

from attune_controller.errors import SessionError
from attune_controller.fleet import Fleet, FleetAgent
from attune_controller.internal_events import operator_event
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.sessions.session import Session
from attune_controller.store.errors import AgentUnknown
from attune_controller.store.ports.agents import Agents
from attune_core.expressions.suggestion import suggestion
from attune_core.marks import Mark, MarkKind, Marks
from attune_core.ports import Clock, Random
from attune_core.safe_text import safe_text
from attune_core.wire.stream_frames import Drain, DrainFrame, Pause, PauseFrame


class Marking:
    """The only writer of marks."""

    def __init__(
        self, store: Agents, fleet: Fleet, sessions: OpenSessions, *, clock: Clock, random: Random, changed: Callable[[], None]
    ) -> None:
        """Take what is needed; `changed` wakes the planner."""
        self._store, self._fleet, self._sessions = store, fleet, sessions
        self._clock, self._random, self._changed = clock, random, changed
        self._one_at_a_time = asyncio.Lock()
        self._log = structlog.get_logger("marking")

    async def restore(self) -> None:
        """Take over what the store knows, at the start."""
        for name, marks in (await self._store.marks()).items():
            self._fleet.marked(name, marks)

    async def put(self, name: str, kind: MarkKind, *, note: str, by: str) -> FleetAgent:
        """Mark an agent; one that is marked so already keeps its time, and its note unless another one is given. `AgentUnknown`."""
        async with self._one_at_a_time:
            agent = self.find(name)
            known = agent.marks.get(kind)
            if known is None:
                mark = Mark(note=note, by=by, since=self._clock.now())
            else:
                mark = known.model_copy(update={"note": note, "by": by}) if note and note != known.note else known
            if mark == known:
                return agent
            return await self._store_and_tell(agent, {**agent.marks, kind: mark}, kind.value, note=mark.note, by=by)

    async def lift(self, name: str, *kinds: MarkKind, by: str) -> FleetAgent:
        """Take these marks off; `AgentUnknown`."""
        async with self._one_at_a_time:
            agent = self.find(name)
            left = {kind: mark for kind, mark in agent.marks.items() if kind not in kinds}
            if len(left) == len(agent.marks):
                return agent
            what = "resumed" if MarkKind.PAUSED in kinds else "uncordoned"
            return await self._store_and_tell(agent, left, what, note="", by=by)

    def tell(self, session: Session) -> None:
        """Send what the agent has not been told on this session; without room for it the session ends, and the next welcome says it."""
        paused, draining = self._fleet.told(session.name)
        told, session.told = session.told, (paused, draining)
        try:
            if paused != told[0]:
                session.outbox.put(lambda n: PauseFrame(n=n, body=Pause(mark=paused)))
            if draining != told[1]:
                session.outbox.put(lambda n: DrainFrame(n=n, body=Drain(mark=draining)))
        except SessionError as error:
            session.end(error)

    def find(self, name: str) -> FleetAgent:
        """Return an enrolled agent; `AgentUnknown` names the one that may have been meant."""
        if (agent := self._fleet.agent(name)) is None:
            near = suggestion(name, [one.name for one in self._fleet.candidates()])
            raise AgentUnknown(f"no agent {name[:64]!r} is enrolled{f'; {near}' if near else ''}")
        return agent

    async def _store_and_tell(self, agent: FleetAgent, marks: Marks, what: str, *, note: str, by: str) -> FleetAgent:
        event = operator_event(f"agent_{what}", agent.name, {"agent": agent.name, "by": by, "note": note}, self._clock, self._random)
        await self._store.set_marks(agent.name, marks, event)
        self._log.info("agent_marked", agent=agent.name, what=what, by=by, note=safe_text(note))
        self._fleet.marked(agent.name, marks)
        if session := self._sessions.find(agent.name):
            self.tell(session)
            session.work.set()
        self._changed()
        return replace(agent, marks=marks)
