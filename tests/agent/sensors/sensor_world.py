"""The sensors of one agent over a host in memory and a clock that stands still; what they print is written into spools by the test."""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from attune_agent.contact import Contact
from attune_agent.executor.spool import segment_number, segment_path
from attune_agent.executor_errors import ExecutorUnreachable
from attune_agent.host import AttemptState, Greeting, How, Kind, Listed, StartRequest
from attune_agent.sensors.preparation import PreparedSensor, SensorStart
from attune_agent.sensors.process import Processes
from attune_agent.sensors.sensor import Surroundings
from attune_agent.sensors.sensors import Sensors
from attune_agent.state.sensor_memory import MemorySensors, SensorDisk
from attune_core.values import JsonValue
from attune_core.wire.sensors import SensorAssignment, SensorEvent, SensorStatus
from attune_core.wire.session import Stored, TooFast
from tests.agent.scripted import ScriptedHost, StillClock


@dataclass
class SensorScriptedHost(ScriptedHost):
    """Hosts sensors; their spools are below a folder of the test."""

    spools: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="attune-spools-")))
    sensors: int = 8
    leases: dict[str, float] = field(default_factory=dict)
    trims: list[tuple[str, int]] = field(default_factory=list)

    async def greeting(self) -> Greeting:
        return replace(await super().greeting(), sensors=self.sensors)

    async def listed_sensors(self) -> tuple[Listed, ...]:
        if self.away:
            raise ExecutorUnreachable
        return tuple(
            Listed(
                execution=run,
                attempt=1,
                kind=Kind.SENSOR,
                state=AttemptState.ENDED if (run, 1) in self.ended else AttemptState.RUNNING,
                condition="",
                log_directory="",
            )
            for run, _ in self.requests
            if (run, 1) not in self.forgotten
        )

    async def trim(self, run: str, before: int) -> None:
        if self.away:
            raise ExecutorUnreachable
        self.trims.append((run, before))
        for path in list((self.spools / run).iterdir()):
            if (number := segment_number(path.name)) is not None and number < before:
                path.unlink()

    async def unspool(self, run: str) -> None:
        if self.away:
            raise ExecutorUnreachable
        for path in list((self.spools / run).glob("*")):
            path.unlink()
        with suppress(FileNotFoundError):
            (self.spools / run).rmdir()

    async def renew(self, run: str, lease: float) -> None:
        self.leases[run] = lease

    def print(self, run: str, *lines: JsonValue) -> None:
        """Add lines to a run's spool, which stays within its first segment."""
        (self.spools / run).mkdir(exist_ok=True)
        with segment_path(self.spools / run, 0).open("ab") as file:
            file.writelines(json.dumps(line).encode() + b"\n" for line in lines)


class SensorWorld:
    """Lives of an agent's sensors; the disk, the host and the clock survive them."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.host = SensorScriptedHost()
        self.disk = SensorDisk()
        self.starts: list[SensorStart] = []
        self.most: int | None = None
        self.sent: list[dict[str, JsonValue]] = []

    def start(self) -> None:
        self.state = MemorySensors(self.disk)
        self.contact = Contact(self.clock)
        self.sensors = Sensors(
            lambda sensors: Surroundings(
                processes=Processes(self.host, self.clock, lambda _run: None),
                state=self.state,
                preparation=self,
                contact=self.contact,
                clock=self.clock,
                random=_Plain(),
                spools=self.host.spools,
                spool=64 << 20,
                filled=lambda: sensors.filled(),  # noqa: PLW0108 - as in `app`
                changed=lambda: sensors.changed(),  # noqa: PLW0108 - as in `app`
            ),
            self.state.load(),
            host=self.host,
            rules=_Rules(self.most),
            hold_again=lambda _run, _key: True,
        )
        self.task = asyncio.ensure_future(self.sensors.run())

    async def kill(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    async def restart(self) -> None:
        await self.kill()
        self.start()
        await self.pass_time(0.2)

    async def prepare(self, start: SensorStart) -> PreparedSensor:
        self.starts.append(start)
        request = StartRequest(execution=start.run, attempt=1, argv=("x",), env={}, cwd="/", timeout=0, kind=Kind.SENSOR, lease=start.lease)
        return PreparedSensor(request=request, only_in_memory=False)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass in steps, and all that it brings."""
        end, step = self.clock.seconds + seconds, max(0.1, seconds / 100)
        while self.clock.seconds < end:
            self.clock.advance(min(step, end - self.clock.seconds + 1e-9))
            for _ in range(40):
                await asyncio.sleep(0)

    async def leap(self, seconds: float) -> None:
        """Let it pass in one step."""
        self.clock.advance(seconds)
        for _ in range(60):
            await asyncio.sleep(0)

    async def post(self, *, refused: int = 0, again_in: float = 0.0, too_fast: Mapping[str, TooFast] | None = None) -> list[JsonValue]:
        """One POST to a controller; return the field `n` of the events that it took."""
        taken = self.sensors.events.take(count=100, size=1 << 20)
        bodies = [json.loads(body) for body in taken][: len(taken) - refused]
        for sensor, slow in (too_fast or {}).items():
            of_it = [body for body in bodies if body["sensor"] == sensor]
            bodies = [body for body in bodies if body not in of_it[len(of_it) - slow.events :]]
        self.sent += bodies
        self.sensors.events.answered(Stored(n=1, refused_events=refused, again_in=again_in, too_fast=dict(too_fast or {})))
        for _ in range(40):
            await asyncio.sleep(0)
        return [body["data"]["n"] for body in bodies]

    def sent_by(self) -> dict[str, list[JsonValue]]:
        """Return the field `n` of all events that a controller took, of each sensor."""
        found: dict[str, list[JsonValue]] = {}
        for said in map(SensorEvent.model_validate, self.sent):
            found.setdefault(said.sensor.removeprefix("web."), []).append(said.data["n"])
        return found

    def status(self, name: str = "disk") -> SensorStatus:
        (found,) = [one for one in self.sensors.status() if one.sensor == f"web.{name}"]
        return found

    def finish(self, run: str, how: How = How.EXITED, code: int = 0) -> None:
        self.host.finish(run, 1, how, code)

    @property
    def run(self) -> str:
        """The newest run that was asked for."""
        return self.starts[-1].run


def event(n: int) -> dict[str, JsonValue]:
    return {"trigger": "web.tick", "data": {"n": n}}


def assigned(name: str = "disk", **keys: JsonValue) -> SensorAssignment:
    document: dict[str, JsonValue] = {"sensor": f"web.{name}", "pack": "web", "digest": "0" * 64, "revision": "r", "mode": "stream"}
    return SensorAssignment.model_validate({**document, "fingerprint": "a" * 64, **keys})


class _Plain:
    """Jitter is always the most; run ids differ."""

    def __init__(self) -> None:
        self._count = 0

    def bytes(self, count: int) -> bytes:
        _Plain.made += 1
        return _Plain.made.to_bytes(count, "big")

    made = 0

    def uniform(self, low: float, high: float) -> float:  # noqa: ARG002 - the port's
        return high


@dataclass(frozen=True)
class _Rules:
    sensors: int | None

    def allows_sensor(self, sensor: str) -> bool:
        return sensor != "web.forbidden"
