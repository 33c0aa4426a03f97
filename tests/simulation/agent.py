"""One simulated host: its disks, its network, its executor, and the agent program's lives; everything inside the program is real.

Made by `world`; `faults` crashes, stops and starts its parts.
"""

import asyncio
import json
import random
from collections.abc import Callable

from attune_agent.assembly import Assembly, Ports
from attune_agent.attempt import Prepared
from attune_agent.host import StartRequest
from attune_agent.preparation_errors import PackUnavailable
from attune_agent.results import ResultRules
from attune_agent.uplink import Identity
from attune_core.wire.agent_frames import LogWindow
from attune_core.wire.assignment import Assign, Policy
from attune_core.wire.stream_frames import ReadLog
from tests.simulation.agent_disk import AgentDisk, SimulatedState
from tests.simulation.executor import Executor, HostDisk
from tests.simulation.host import SimulatedHost
from tests.simulation.life import Life, Points
from tests.simulation.link import SimulatedLink
from tests.simulation.loop import VirtualLoop
from tests.simulation.ports import SimulatedClock, SimulatedRandom, WallClock
from tests.simulation.processes import Witness
from tests.simulation.served import Served
from tests.simulation.wire import Wire

#: Of each host.
_SLOTS = 4


class Machine:
    """A host; it survives its programs."""

    def __init__(
        self, loop: VirtualLoop, points: Points, witness: Witness, name: str, *, seed: str, serving: Callable[[], Served | None]
    ) -> None:
        self.name, self.wire = name, Wire(random.Random(f"{seed} wire"))
        self.disk = AgentDisk(f"{seed} disk", instance=f"{name}-1")
        self.host_disk = HostDisk(f"{seed} host", _SLOTS)
        self.wall = WallClock()
        self.agent: Life | None = None
        self.assembly: Assembly | None = None
        self.executor: Executor | None = None
        self.boots = self.instances = 1
        self._lives = 0
        self._loop, self._points, self._witness, self._seed, self._serving = loop, points, witness, seed, serving

    def start_agent(self) -> None:
        """Begin a life of the agent program, unless it has one."""
        if self.agent is not None and self.agent.alive:
            return
        self._lives += 1
        self.agent = Life(self._loop.program(f"agent {self.name}"), self._points)
        self._loop.begin(self.agent.program, self._run_agent(self.agent, f"{self._seed} life {self._lives}"))

    def start_executor(self) -> None:
        """Begin a life of the executor, unless it has one."""
        if self.executor is None or not self.executor.life.alive:
            life = Life(self._loop.program(f"executor {self.name}"), self._points)
            self.executor = Executor(self._loop, life, self.host_disk, self._witness)

    def crash(self) -> None:
        """Lose power: every program and process at once, and nobody is told."""
        self.wire.silence()
        if self.agent is not None:
            self.agent.program.kill()
        if self.executor is not None:
            self.executor.life.program.kill()
        for process in self.host_disk.processes.values():
            process.vanish()
        self.boots += 1

    def join_anew(self) -> None:
        """Lose the agent's state directory, and join again with an empty one."""
        if self.agent is not None:
            self.agent.program.kill()
        self.instances += 1
        self.disk = AgentDisk(f"{self._seed} disk {self.instances}", instance=f"{self.name}-{self.instances}")

    async def _run_agent(self, life: Life, seed: str) -> None:
        clock, generator = SimulatedClock(self._loop, self.wall), SimulatedRandom(seed)
        state = SimulatedState(self.disk, life)
        loaded = state.load()
        ports = Ports(
            state=state,
            link=SimulatedLink(self._loop, life, self.name, self.wire, self._serving),
            host=SimulatedHost(life, f"{seed} host", lambda: self.executor),
            preparation=SimulatedPreparation(life, f"{seed} preparation"),
            clock=clock,
            random=generator,
        )
        self.assembly = Assembly(
            ports,
            loaded,
            identity=Identity(instance=loaded.instance, boot_id=f"boot-{self.boots}", slots=_SLOTS, labels={}, facts={}),
            host_pause="",
            logs=lambda _fifo: _NoLogs(),
            free_bytes=lambda: 1 << 30,
            on_settled=lambda _execution: None,
            on_changed=lambda: None,
        )
        await self.assembly.run(self._meet_executor)

    async def _meet_executor(self) -> None:
        assert self.assembly is not None
        await self.assembly.meet_executor(hold_again=lambda _execution, _key: True)


class SimulatedPreparation:
    """Preparing takes its time, and fails now and then for a reason that passes."""

    def __init__(self, life: Life, seed: str) -> None:
        self._life, self._random = life, random.Random(seed)

    async def prepare(self, assign: Assign, *, attempt: int, policy: Policy) -> Prepared:
        self._life.reach("prepare before")
        await asyncio.sleep(self._random.choice((0.0, 0.001, 0.05, 0.7)))
        if self._random.random() < 0.02:
            raise PackUnavailable("not now")
        self._life.reach("prepare after")
        request = StartRequest(
            execution=assign.execution,
            attempt=attempt,
            argv=("sh", "act.sh"),
            env={},
            cwd="/",
            timeout=policy.timeout,
            grace=policy.grace,
            input=json.dumps(assign.input).encode(),
        )
        return Prepared(request=request, rules=ResultRules())

    async def rules(self, assign: Assign) -> ResultRules:  # noqa: ARG002 - the port's
        return ResultRules()


class _NoLogs:
    """Nobody asks for logs."""

    async def awaited(self, request: ReadLog) -> None:
        """Return at once."""

    async def read(self, request: ReadLog) -> LogWindow:
        raise NotImplementedError(request)
