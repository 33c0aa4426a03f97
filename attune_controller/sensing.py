"""Sensing: keeps every agent told of the sensors that it is to run, durably, and notices those that fail.

One loop of the controller, woken when a revision goes live and when agents come, go, are marked or forgotten. Who runs what is decided by
`sensor_placement`; it is stored before anybody is told. Greeting asks for an agent's list, and the assembly sends what changed until its
stream was open.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import structlog

from attune_controller.errors import SessionError
from attune_controller.fleet import Fleet, FleetAgent
from attune_controller.internal_events import internal_event
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.sensor_health import Health, examined, turn
from attune_controller.sensor_placement import Present, assigned, moves_in, seated
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.sessions.session import Session
from attune_controller.store.ports.sensors import Seats
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.sensors import Seat
from attune_core.catalog.catalog import Catalog, Sensor
from attune_core.marks import MarkKind
from attune_core.ports import Clock, Random, rfc3339
from attune_core.values import JsonObject
from attune_core.wire.agent_frames import Status
from attune_core.wire.sensors import SensorAssignment, Sensors, SensorsFrame, SensorStatus

#: Seconds between two looks, whatever happens, and how long a change waits for others: a thousand agents come back one by one.
PERIOD, GATHERING = 60.0, 0.05
Assignments = tuple[SensorAssignment, ...]


class Sensing:
    """The only writer of seats."""

    def __init__(self, store: Seats, fleet: Fleet, sessions: OpenSessions, active: ActiveCatalog, *, clock: Clock, random: Random) -> None:
        """Take what is needed."""
        self._store, self._fleet, self._sessions, self._active = store, fleet, sessions, active
        self._clock, self._random = clock, random
        self._seats: dict[tuple[str, str], Seat] = {}
        #: By agent, what it is to end and has not said that it has.
        self._leaving: Mapping[str, frozenset[str]] = {}
        #: What agents are told, made of these seats and of one catalog.
        self._lists: tuple[Catalog | None, Mapping[str, Assignments]] = (None, {})
        #: Since when agents are without a stream, as far as this life of the controller knows; monotonic.
        self._away: dict[str, float] = {}
        self._health: dict[tuple[str, str], Health] = {}
        #: Events that tell of sensors, and the seats that say that they were told.
        self._turned: dict[tuple[str, str], tuple[float, NewEvent]] = {}
        self._changed = asyncio.Event()
        #: Wakes the planner: a sensor that fails is an event.
        self.planned = _nobody
        self._log = structlog.get_logger("sensing")

    async def restore(self) -> None:
        """Take over what the store knows, at the start; until they are back, all agents are away from now on."""
        self._seats = {(seat.sensor, seat.agent): seat for seat in await self._store.seats()}
        self._leaving = _leaving(self._seats.values())

    def wake(self) -> None:
        """Say that who is there, or what is declared, may have changed."""
        self._changed.set()

    async def run(self) -> None:
        """For ever: place, and tell."""
        while True:
            self._changed.clear()
            again_in = await self.place()
            try:
                async with asyncio.timeout(again_in):
                    await self._changed.wait()
            except TimeoutError:
                continue
            await self._clock.sleep(GATHERING)

    async def follow(self) -> None:
        """For ever: place anew when a revision goes live."""
        seen = ""
        while True:
            seen = await self._active.changed(seen)
            self.wake()

    def seats(self, sensor: str) -> Sequence[Seat]:
        """Return those of one sensor, by agent."""
        return [seat for (ref, _), seat in sorted(self._seats.items()) if ref == sensor]

    def seat(self, sensor: str, agent: str) -> Seat | None:
        """Return that of a sensor on an agent, also one that it has no longer."""
        return self._seats.get((sensor, agent))

    def present(self) -> Sequence[Present]:
        """Return who is there, as placement sees it."""
        return [self._present(agent) for agent in self._fleet.candidates()]

    def told(self, agent: str) -> Assignments | None:
        """Return what an agent is to run; None while no revision is active, when nobody can tell."""
        catalog = self._active.catalog
        if catalog is None:
            return None
        if self._lists[0] is not catalog:
            made: dict[str, SensorAssignment] = {}
            lists = assigned(catalog, self._seats.values())
            self._lists = catalog, {name: tuple(_made(made, catalog, one) for one in sensors) for name, sensors in lists.items()}
        return self._lists[1].get(agent, ())

    def tell(self, session: Session) -> None:
        """Send what the agent has not been told on this session; without room for it the session ends, and the next welcome says it."""
        told = self.told(session.name)
        if not session.hello.sensors or told is None or told == session.told_sensors:
            return
        session.told_sensors = told
        session.sensor_lists += 1
        try:
            session.outbox.put(lambda n: SensorsFrame(n=n, body=Sensors(sensors=told)))
        except SessionError as error:
            session.end(error)

    def said(self, agent: str, status: Status) -> None:
        """Take note of how an agent's sensors are."""
        running = {one.sensor for one in status.sensors}
        for one in status.sensors:
            if (seat := self._seats.get((one.sensor, agent))) and seat.held and not seat.leaving:
                self._examine(seat, one)
        if not self._leaving.get(agent, frozenset()) <= running:
            self.wake()

    def _examine(self, seat: Seat, status: SensorStatus) -> None:
        place, now, monotonic = (seat.sensor, seat.agent), self._clock.now(), self._clock.monotonic()
        known = self._health.get(place)
        health = self._health[place] = examined(known, status, monotonic=monotonic, now=now)
        turned = turn(health, status, failing=bool(seat.failing_since), monotonic=monotonic)
        if not turned or place in self._turned:
            return
        data: JsonObject = {"sensor": seat.sensor, "agent": seat.agent, "since": rfc3339(seat.failing_since or health.ill_from)}
        if turned == "failing":
            data |= {"restarts": max(status.restarts - health.restarts, 0), "error": status.last_error}
        self._turned[place] = 0.0 if seat.failing_since else health.ill_from, self._event(f"sensor_{turned}", seat, data)
        self._log.warning(f"sensor_{turned}", sensor=seat.sensor, agent=seat.agent)
        self.wake()

    def _event(self, what: str, seat: Seat, data: JsonObject) -> NewEvent:
        return internal_event(what, seat.sensor, data, self._clock, self._random)

    async def place(self) -> float:
        """Decide, store, tell; return after how many seconds time alone may change something."""
        catalog, agents = self._active.catalog, self.present()
        seats = self._seats if catalog is None else _by_place(seated(catalog, self._seats.values(), agents, self._clock.now()))
        turned = dict(self._turned)
        seats = {place: replace(seat, failing_since=turned[place][0]) if place in turned else seat for place, seat in seats.items()}
        changed = [seat for place, seat in seats.items() if self._seats.get(place) != seat]
        gone = [seat for place, seat in self._seats.items() if place not in seats]
        if changed or gone:
            await self._store.put_seats(changed, gone=gone, events=[event for place, (_, event) in turned.items() if place in seats])
        for place in turned:
            del self._turned[place]
        self._seats, self._lists = dict(seats), (None, {})
        self._leaving = _leaving(seats.values())
        self._health = {place: health for place, health in self._health.items() if place in seats and seats[place].held}
        if turned:
            self.planned()
        for session in self._sessions:
            if session.streaming:
                self.tell(session)
        left = moves_in(catalog, self._seats.values(), agents) if catalog else None
        return PERIOD if left is None else min(max(left, 0.05), PERIOD)

    def _present(self, agent: FleetAgent) -> Present:
        if agent.connected:
            self._away.pop(agent.name, None)
        else:
            self._away.setdefault(agent.name, self._clock.monotonic())
        session = self._sessions.find(agent.name)
        status = _up_to_date(agent, session)
        return Present(
            name=agent.name,
            able=session is None or session.hello.sensors,
            labels=agent.labels,
            connected=agent.connected,
            cordoned=agent.cordoned,
            draining=MarkKind.DRAINING in agent.marks,
            away=0.0 if agent.connected else self._clock.monotonic() - self._away[agent.name],
            running={one.sensor for one in status.sensors} if status else None,
            left=set(status.sensors_left) if status and status.sensors_left is not None else None,
        )


def _up_to_date(agent: FleetAgent, session: Session | None) -> Status | None:
    """Return what the agent last said, if it had taken by then all that it was told of sensors."""
    said = agent.status
    return said if said is not None and (session is None or said.sensor_lists >= session.sensor_lists) else None


def _leaving(seats: Iterable[Seat]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for seat in seats:
        if seat.held and seat.leaving:
            found.setdefault(seat.agent, set()).add(seat.sensor)
    return {agent: frozenset(sensors) for agent, sensors in found.items()}


def _by_place(seats: Sequence[Seat]) -> Mapping[tuple[str, str], Seat]:
    return {(seat.sensor, seat.agent): seat for seat in seats}


def _made(made: dict[str, SensorAssignment], catalog: Catalog, sensor: Sensor) -> SensorAssignment:
    if sensor.ref not in made:
        made[sensor.ref] = assignment_of(catalog, sensor)
    return made[sensor.ref]


def assignment_of(catalog: Catalog, sensor: Sensor) -> SensorAssignment:
    """Return what an agent is told of a sensor; a local run uses the same."""
    document = sensor.document
    return SensorAssignment(
        sensor=sensor.ref,
        pack=sensor.pack,
        digest=catalog.packs[sensor.pack].digest,
        revision=catalog.revision or "",
        fingerprint=sensor.fingerprint,
        mode=document.mode,
        every=document.every,
        timeout=document.timeout,
        silence=document.silence,
        failover=document.failover,
        config=sensor.config,
        secrets=dict(sensor.secrets),
    )


def _nobody() -> None:
    """Nobody plans."""
