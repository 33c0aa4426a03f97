"""Sensor placement: which agents run which sensors, from what is declared, who is there, and who has them; pure.

Called by `sensing` whenever one of these changes. A sensor with `run_on: one` stays where it is: it moves only when its agent may not have
it any more and has said that it ended, when it is away longer than `failover`, or when it is forgotten. So two agents never run it at once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from attune_controller.placement import choose, matching
from attune_controller.store.records.sensors import Seat
from attune_core.catalog.catalog import Catalog, Sensor
from attune_core.wire.sensors import SENSORS_LIMIT


@dataclass(frozen=True, kw_only=True)
class Present:
    """One enrolled agent at one moment."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    connected: bool = False
    cordoned: bool = False
    #: It is to finish what it has, so its sensors are ended.
    draining: bool = False
    #: Its version knows of sensors, as far as is known.
    able: bool = True
    #: Seconds without a stream; 0 while it has one.
    away: float = 0.0
    #: Sensors that it last said are running, or ending; None when it has said nothing since it took the list that it was last told.
    running: AbstractSet[str] | None = None
    #: Sensors that it is not to run and of which it has events left to send, said likewise.
    left: AbstractSet[str] | None = None


def needed(catalog: Catalog) -> Sequence[Sensor]:
    """Return the sensors of which an enabled rule awaits an event, and those that always run."""
    awaited = catalog.rules_by_trigger.keys() | catalog.absences_by_trigger.keys()
    return [sensor for _, sensor in sorted(catalog.sensors.items()) if _is_needed(sensor, awaited)]


def _is_needed(sensor: Sensor, awaited: AbstractSet[str]) -> bool:
    return sensor.document.always or any(trigger in awaited for trigger in sensor.document.emits)


def seated(catalog: Catalog, seats: Iterable[Seat], agents: Sequence[Present], now: float) -> Sequence[Seat]:
    """Return every seat as it is from now on (wall clock, seconds); seats of agents and of sensors that there are no more are gone."""
    return _Seating(catalog, seats, agents, now).all()


def assigned(catalog: Catalog, seats: Iterable[Seat]) -> Mapping[str, Sequence[Sensor]]:
    """Return, by agent, the sensors that it is told to run, by their references."""
    wanted = {sensor.ref: sensor for sensor in needed(catalog)}
    told: dict[str, list[Sensor]] = {}
    for seat in sorted(seats, key=lambda one: one.sensor):
        if seat.held and not seat.leaving and seat.sensor in wanted:
            told.setdefault(seat.agent, []).append(wanted[seat.sensor])
    return told


def moves_in(catalog: Catalog, seats: Iterable[Seat], agents: Sequence[Present]) -> float | None:
    """Return after how many seconds an agent may have been away for too long; None when time changes nothing."""
    away = {agent.name: agent.away for agent in agents if not agent.connected}
    left = [
        after - away[seat.agent]
        for seat in seats
        if seat.held and seat.agent in away and (after := lost_after(catalog.sensors.get(seat.sensor), seat)) is not None
    ]
    return min((seconds for seconds in left if seconds > 0), default=None)


def lost_after(sensor: Sensor | None, seat: Seat) -> float | None:
    """Return how long its agent may be away; None when it keeps it. What the agent was told counts: it goes by that while it is away."""
    if sensor is None or sensor.document.failover is None or not seat.failover:
        return None
    return max(sensor.document.failover, seat.failover)


class _Seating:
    """One placement of all sensors; those first by reference come first where an agent has room for no more."""

    def __init__(self, catalog: Catalog, seats: Iterable[Seat], agents: Sequence[Present], now: float) -> None:
        self._catalog, self._agents, self._now = catalog, agents, now
        self._present = {agent.name: agent for agent in agents}
        self._seats: dict[str, dict[str, Seat]] = {}
        self._told: Counter[str] = Counter()
        for seat in seats:
            if seat.agent in self._present:
                self._seats.setdefault(seat.sensor, {})[seat.agent] = seat
                self._told[seat.agent] += seat.held and not seat.leaving

    def all(self) -> Sequence[Seat]:
        wanted = {sensor.ref for sensor in needed(self._catalog)}
        for ref in self._seats.keys() - self._catalog.sensors.keys():
            for seat in list(self._seats[ref].values()):
                self._leave(seat)
                if self._is_done_with(self._seats[ref][seat.agent]):
                    del self._seats[ref][seat.agent]
        for ref, sensor in sorted(self._catalog.sensors.items()):
            (self._one if sensor.document.run_on == "one" else self._everywhere)(sensor, is_needed=ref in wanted)
        return [seat for _, of_sensor in sorted(self._seats.items()) for _, seat in sorted(of_sensor.items())]

    def _one(self, sensor: Sensor, *, is_needed: bool) -> None:
        held = [seat for seat in self._seats.get(sensor.ref, {}).values() if seat.held]
        holders = sorted(held, key=lambda seat: (seat.leaving, seat.agent))
        for seat in holders[1:]:  # it ran on all of them before
            self._leave(seat)
        other = self._choose(sensor) if is_needed else None
        if holders and self._may_keep(sensor, holders[0]) and not (other and self._is_lost(sensor, holders[0])):
            self._keep(sensor, holders[0])
            return
        for seat in holders[:1]:
            self._leave(seat, lost=self._is_lost(sensor, seat))
        if other and not any(seat.held for seat in self._seats.get(sensor.ref, {}).values()):
            self._take(sensor, other)

    def _everywhere(self, sensor: Sensor, *, is_needed: bool) -> None:
        of_sensor = self._seats.get(sensor.ref, {})
        fits = {agent.name for agent in matching(self._agents, sensor.document.agents.match)} if is_needed else set()
        for name in sorted(fits.union(of_sensor)):
            seat, agent = of_sensor.get(name), self._present[name]
            is_held = seat is not None and seat.held
            if name not in fits or agent.draining or not agent.able or not (is_held or self._has_room(agent)):
                if seat is not None:
                    self._leave(seat)
            elif seat is not None and is_held:
                self._keep(sensor, seat)
            else:
                self._take(sensor, name)

    def _choose(self, sensor: Sensor) -> str | None:
        """Return the connected agent that gets it when it is placed anew."""
        roomy = [agent for agent in self._agents if agent.connected and self._has_room(agent)]
        return choose(roomy, sensor.document.agents.match, key=sensor.ref, holder=None, load={})

    def _has_room(self, agent: Present) -> bool:
        return agent.able and not agent.cordoned and self._told[agent.name] < SENSORS_LIMIT

    def _may_keep(self, sensor: Sensor, seat: Seat) -> bool:
        agent = self._present[seat.agent]
        return agent.able and not agent.draining and bool(matching([agent], sensor.document.agents.match))

    def _is_lost(self, sensor: Sensor, seat: Seat) -> bool:
        """Tell whether its agent was away for so long that it has ended it by itself."""
        agent, after = self._present[seat.agent], lost_after(sensor, seat)
        return after is not None and not agent.connected and agent.away >= after

    def _is_done_with(self, seat: Seat) -> bool:
        """Tell whether nothing of a sensor that is not declared any more runs on its agent or comes from it."""
        agent = self._present[seat.agent]
        return not seat.held and agent.connected and agent.left is not None and seat.sensor not in agent.left

    def _take(self, sensor: Sensor, agent: str) -> None:
        self._told[agent] += 1
        of_sensor = self._seats.setdefault(sensor.ref, {})
        failing = known.failing_since if (known := of_sensor.get(agent)) else 0.0
        emits, failover = frozenset(sensor.document.emits), sensor.document.failover or 0.0
        of_sensor[agent] = Seat(sensor=sensor.ref, agent=agent, emits=emits, since=self._now, failover=failover, failing_since=failing)

    def _keep(self, sensor: Sensor, seat: Seat) -> None:
        self._told[seat.agent] += seat.leaving
        failover = (sensor.document.failover or 0.0) if self._present[seat.agent].connected else seat.failover
        emits = frozenset(sensor.document.emits)
        self._seats[seat.sensor][seat.agent] = replace(seat, emits=emits, failover=failover, leaving=False)

    def _leave(self, seat: Seat, *, lost: bool = False) -> None:
        """Let it be told to end there, and let go of it once it has."""
        if not seat.held:
            return
        self._told[seat.agent] -= not seat.leaving
        agent = self._present[seat.agent]
        ended = seat.leaving and agent.connected and agent.running is not None and seat.sensor not in agent.running
        self._seats[seat.sensor][seat.agent] = replace(seat, leaving=not (ended or lost), held=not (ended or lost))
