"""The sensors of this host: which are to run, those that do, and what an executor holds of none of them.

Told by the uplink what is assigned; it is stored, so that sensors run on and start again while the controller is away. Made by `app`, run
by `assembly` beside the lanes.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from attune_agent.executor_errors import ExecutorIncompatible, ExecutorUnreachable
from attune_agent.host import AttemptState, Greeting, Listed, SensorHost
from attune_agent.posting import EventSource
from attune_agent.sensors.errors import SensorsUnsupported, TooManySensors
from attune_agent.sensors.event_outbox import EventOutbox
from attune_agent.sensors.feed import Feed
from attune_agent.sensors.sensor import Sensor, Surroundings
from attune_agent.state.sensor_records import LoadedSensors, Poll, SensorRun
from attune_core.wire.sensors import SensorAssignment, SensorStatus

_log = structlog.get_logger(__name__)

#: Seconds between two looks at the spools, and how many of these until leases are renewed and absence is looked at.
ROUND, _RENEWED_EVERY = 0.1, 50
_PAUSE = 1.0


class HostRules(Protocol):
    """What the host lets run; `host_settings.HostSettings` is the real one."""

    @property
    def sensors(self) -> int | None:
        """Return how many at most; None: as many as the executor hosts."""
        ...

    def allows_sensor(self, sensor: str) -> bool:
        """Tell whether this host runs a sensor."""
        ...


class Sensors:
    """All of them."""

    def __init__(
        self,
        around: Callable[["Sensors"], Surroundings],
        loaded: LoadedSensors,
        *,
        host: SensorHost,
        rules: HostRules,
        hold_again: Callable[[str, str], bool],
    ) -> None:
        """Begin with what is stored; `hold_again` gets a run and the environment that it uses since an earlier life of this agent."""
        self._around = around(self)
        self._host = host
        self._rules = rules
        self._hold_again = hold_again
        self._assigned: Mapping[str, SensorAssignment] = {one.sensor: one for one in loaded.assigned}
        #: How many lists were taken since the welcome.
        self.lists = 0
        self._polls = dict(loaded.polls)
        self._tasks: asyncio.TaskGroup | None = None
        self._any = asyncio.Event()
        #: Sensors that the executor hosts at the same time; None: it was not heard yet.
        self._hosted: int | None = None
        self.events = EventOutbox(self._feeds, self._around.clock)
        self.filled: Callable[[], None] = _nobody
        self.changed: Callable[[], None] = _nobody
        runs: dict[str, list[SensorRun]] = {name: [] for name in self._assigned}
        for run in loaded.runs:
            runs.setdefault(run.sensor, []).append(run)
        self._sensors = {name: self._sensor(name, mine) for name, mine in runs.items()}

    async def run(self) -> None:
        """Go on until cancelled; the processes go on without us."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for sensor in self._sensors.values():
                tasks.create_task(self._keep(sensor))
            if self._sensors:
                self._any.set()
            tasks.create_task(self._settle_in())
            await self._go_round()

    def begin_session(self, assigned: Sequence[SensorAssignment] | None) -> EventSource:
        """See `port.SensorList`."""
        self.events.begin(takes=assigned is not None)
        if assigned is not None:
            self.follow(assigned)
        self.lists = 0
        return self.events

    def follow(self, assigned: Sequence[SensorAssignment]) -> None:
        """See `port.SensorList`."""
        self.events.open = True
        self.lists += 1
        wanted = {one.sensor: one for one in assigned}
        if wanted == self._assigned:
            return
        self._assigned = wanted
        self._around.state.assign(list(wanted.values())).add_done_callback(_warn)  # it comes again with the next welcome
        _log.info("sensors", assigned=sorted(wanted))
        for name in wanted:
            if name not in self._sensors:
                sensor = self._sensors[name] = self._sensor(name, [])
                if self._tasks is not None:
                    self._tasks.create_task(self._keep(sensor))
        self._any.set()
        self._reassign()

    def status(self) -> tuple[SensorStatus, ...]:
        """See `port.SensorList`."""
        return tuple(one.status() for name, one in sorted(self._sensors.items()) if name in self._assigned or not one.supervision.idle)

    def left(self) -> tuple[str, ...]:
        """See `port.SensorList`."""
        return tuple(sorted(self._sensors.keys() - self._assigned.keys()))

    def digests(self) -> list[str]:
        """Return the packs that are needed here: of what is assigned, and of what runs on since an earlier revision."""
        running = [run.digest for sensor in self._sensors.values() for run in sensor.runs.unended()]
        return [*(one.digest for one in self._assigned.values()), *running]

    def _sensor(self, name: str, runs: Sequence[SensorRun]) -> Sensor:
        return Sensor(name, self._around, assignment=self._assigned.get(name), runs=runs, poll=self._polls.get(name, Poll()))

    def _reassign(self) -> None:
        """Tell every sensor what it is to be; those that the host has no room for are the last by name."""
        order = sorted(name for name in self._assigned if self._rules.allows_sensor(name))
        for name, sensor in self._sensors.items():
            sensor.reassign(self._assigned.get(name), self._refusal(name, order))

    def _refusal(self, name: str, order: Sequence[str]) -> str:
        if name not in self._assigned:
            return ""
        if name not in order:
            return f"this host does not run {name}"
        if self._hosted == 0:
            return str(SensorsUnsupported())
        most = min((bound for bound in (self._hosted, self._rules.sensors) if bound is not None), default=len(order))
        if order.index(name) >= most:
            return str(TooManySensors(f"this host runs at most {most} sensors, and {len(order)} are placed on it"))
        return ""

    async def _keep(self, sensor: Sensor) -> None:
        """Run one until it is done with; a defect costs this sensor its supervision and no other."""
        try:
            await sensor.run()
        except Exception:  # noqa: BLE001 - the boundary: its program goes on, and the next life of the agent takes it up again
            _log.exception("a defect ended the supervision of a sensor", sensor=sensor.name)
            sensor.give_up("a defect of Attune ended its supervision; the agent's log has it")
            return
        self._polls.pop(sensor.name, None)
        if self._sensors.get(sensor.name) is sensor:
            del self._sensors[sensor.name]
        if sensor.name in self._assigned:  # again, meanwhile
            self._sensors[sensor.name] = again = self._sensor(sensor.name, [])
            self._reassign()
            if self._tasks is not None:
                self._tasks.create_task(self._keep(again))

    async def _go_round(self) -> None:
        """Look at the spools, and at what time brings."""
        count = 0
        while True:
            await self._any.wait()
            sensors = list(self._sensors.values())
            if not sensors:
                self._any.clear()
                continue
            for sensor in sensors:
                sensor.look()
            count += 1
            if count % _RENEWED_EVERY == 0:
                for sensor in sensors:
                    await sensor.renew()
                    sensor.wake()
            if self.events.due:
                self.filled()
            await self._around.clock.sleep(ROUND)

    def _feeds(self) -> list[Feed]:
        return [feed for sensor in self._sensors.values() if (feed := sensor.runs.oldest) is not None and feed.pending]

    async def _settle_in(self) -> None:
        """Once the executor is there: how many it hosts, what of it is taken up again, and what belongs to nobody."""
        greeting, listed = await self._meet()
        self._hosted = greeting.sensors
        self._reassign()
        known = {run.run: run for sensor in self._sensors.values() for run in sensor.runs.all()}
        for one in listed:
            run = known.get(one.execution)
            if run is not None and run.length is None:
                if one.uses and not self._hold_again(one.execution, one.uses):
                    _log.warning("a sensor runs in an environment that is gone", sensor=run.sensor, environment=one.uses)
                continue
            await self._around.processes.end_stray(one.execution, ended=one.state is AttemptState.ENDED)
            if run is None:
                await self._around.processes.unspool(one.execution)
        await self._sweep_spools(set(known) | {one.execution for one in listed})

    async def _meet(self) -> tuple[Greeting, Sequence[Listed]]:
        while True:
            try:
                return await self._host.greeting(), await self._host.listed_sensors()
            except (ExecutorUnreachable, ExecutorIncompatible):
                await self._around.clock.sleep(_PAUSE)

    async def _sweep_spools(self, seen: set[str]) -> None:
        """Remove the spools that no run has: of those that were forgotten just before this agent ended."""
        try:
            there = [path.name for path in self._around.spools.iterdir()]
        except OSError:
            return
        mine = {run.run for sensor in self._sensors.values() for run in sensor.runs.all()}
        for name in there:
            if name not in mine and name not in seen:
                await self._around.processes.unspool(name)


def _warn(done: "asyncio.Future[None]") -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        _log.warning("the list of sensors is not on disk", error=str(error))


def _nobody() -> None:
    """Nobody listens yet."""
