"""Greeting: answers an agent's hello with a new session, which ends the older one.

Called by `routes` for POST /agent/v1/hello; afterwards the agent opens the session's stream (`stream`).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import structlog

from attune_controller.departures import end_when_anew
from attune_controller.errors import AgentCloned, AgentForgotten
from attune_controller.fleet import Fleet
from attune_controller.policies import policies_of
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.sessions.clones import Clones
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.sessions.session import Session
from attune_controller.store.errors import AgentUnknown
from attune_controller.store.ports.agents import Agents
from attune_controller.store.ports.upkeep import Merges
from attune_core.ids import uuid7
from attune_core.ports import Clock, Random
from attune_core.safe_text import safe_text
from attune_core.wire.sensors import SensorAssignment
from attune_core.wire.session import PING_INTERVAL, Hello, Welcome
from attune_core.wire.stream_frames import HoldQueue


class GreetingStore(Agents, Merges, Protocol):
    """The part of the store that a greeting uses."""

    @property
    def incarnation(self) -> str:
        """The identity of the store's life."""
        ...


class Greeting:
    """Makes sessions."""

    def __init__(
        self,
        store: GreetingStore,
        sessions: OpenSessions,
        clones: Clones,
        *,
        fleet: Fleet,
        active: ActiveCatalog,
        clock: Clock,
        random: Random,
        holds: Callable[[], tuple[HoldQueue, ...]],
        sensors: Callable[[str], tuple[SensorAssignment, ...] | None],
        planned: Callable[[], None],
        ping: float = PING_INTERVAL,
    ) -> None:
        """Take what a session is made of, `holds` are the paused queues; `planned` wakes the planner for completion events.

        `sensors` returns what an agent is to run, `ping` is told to the agent.
        """
        self._holds, self._sensors, self._wake = holds, sensors, planned
        self._store, self._sessions, self._clones, self._fleet, self._active = store, sessions, clones, fleet, active
        self._clock, self._random, self._ping = clock, random, ping
        self._log = structlog.get_logger("sessions")

    async def greet(self, name: str, hello: Hello) -> Welcome:
        """Store what the agent says of itself and return its session; `AgentCloned`, `AgentForgotten`, `AgentUnknown`."""
        if await self._store.is_forgotten(hello.instance):
            raise AgentForgotten(
                f"{safe_text(hello.instance, limit=40)} is a life of {name} that was forgotten, or followed by another one"
            )
        session_id = uuid7(self._clock, self._random)
        try:
            known_to_be_one = self._clones.greet(name, hello, session_id)
        except AgentCloned as error:
            self._log.error("agent_cloned", agent=name, instance=safe_text(hello.instance, limit=40), code=error.code)
            if current := self._sessions.find(name):
                current.end(error)
            raise
        known = await self._store.agent(name)
        if known is None:
            raise AgentUnknown(f"no agent {name} is enrolled")
        session = Session(session_id=session_id, name=name, hello=hello, now=self._clock.monotonic())
        if not known_to_be_one:
            self._log.warning("hello_doubtful", agent=name, previous=safe_text(hello.previous, limit=36))
            self._sessions.put_aside(session)
            return Welcome(name=name, session=session_id)
        agent = replace(
            known,
            instance=hello.instance,
            boot_id=hello.boot_id,
            version=hello.version,
            slots=hello.slots,
            facts=dict(hello.facts),
            last_seen_at=self._clock.now(),
        )
        if known.instance and known.instance != hello.instance:
            departure = await self._store.begin_anew(agent, end_when_anew(name, self._clock.now()))
            self._log.warning("agent_began_anew", agent=name, lost=departure.ended)
            self._wake()
        else:
            await self._store.greet(agent)
        self._fleet.enrolled([agent])
        session.unmerged = name in await self._store.unmerged()
        paused, draining = session.told = self._fleet.told(name)
        session.told_holds, session.told_sensors = self._holds(), self._sensors(name)
        self._sessions.put(session)
        self._log.info("agent_greeted", agent=name, session=session_id, version=safe_text(hello.version, limit=40))
        return Welcome(
            name=name,
            session=session_id,
            revision=self._active.revision,
            policies=policies_of(self._active.catalog, session.actions),
            paused=paused,
            draining=draining,
            holds=session.told_holds,
            sensors=session.told_sensors,
            ping_interval=self._ping,
            incarnation=self._store.incarnation,
            inventory=session.unmerged,
        )
