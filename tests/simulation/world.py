"""The world of a simulation: one controller, three hosts, their network, who sends events and who cancels, and the faults of a seed.

`run` plays a seed to its end and returns what was found; the tests, `__main__` and `shrinking` call it.
"""

import asyncio
import gc
import logging
import random
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Coroutine, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from attune_controller.assembly import Assembly as ControllerAssembly
from attune_controller.store.errors import AgentUnknown
from attune_controller.store.records.agents import Agent
from attune_core import failpoints
from attune_core.errors import AttuneError
from attune_core.marks import MarkKind
from attune_core.states import State
from tests.simulation.agent import Machine
from tests.simulation.controller import SimulatedController
from tests.simulation.faults import Fault, bring, faults_of
from tests.simulation.judge import judge
from tests.simulation.life import Points
from tests.simulation.loop import PROGRAM, VirtualLoop
from tests.simulation.ports import EPOCH
from tests.simulation.processes import Witness
from tests.simulation.repository import revisions
from tests.simulation.wire import Broken, Weather
from tests.simulation.workload import EVENTS, Sender, Sending, sendings

AGENTS = 3
#: Time between looks for what is down, and how long everything may take to come to rest after the last fault. Seconds.
_LOOK, REST = 5.0, 4 * 3600.0


@dataclass
class Finding:
    """What a run has shown."""

    seed: int
    hours: float
    broken: list[str]
    trace: str
    turns: int
    seconds: float
    events: int
    executions: int
    starts: int
    faults: Counter[str]
    points: Points
    timeline: list[str] = field(default_factory=list)


class World:
    """Everything in one event loop."""

    def __init__(self, seed: int, hours: float, *, events: int = EVENTS, rest: float = REST, traced: bool = False) -> None:
        name = f"seed {seed}"
        self.hours, self._name, self._events, self._rest = hours, name, events, rest
        self.loop = VirtualLoop(f"{name} loop")
        self.loop.failed = self._failed
        self.points = Points()
        self.witness = Witness(self.loop)
        self.chance = random.Random(f"{name} world")
        self.controller = SimulatedController(self.loop, self.points, seed=f"{name} controller", catalog=revisions()[0])
        self.machines = [self._machine(f"agent{number}") for number in range(1, AGENTS + 1)]
        self.sender = Sender(self.controller, random.Random(f"{name} sender"))
        self.happened: Counter[str] = Counter()
        self.defects: list[str] = []
        #: Agents whose clock has jumped, or whose state was lost: their rates begin anew.
        self.unreliable: set[str] = set()
        self.timeline: list[str] | None = [] if traced else None

    def later(self, seconds: float, then: Callable[[], object]) -> None:
        """Do something at a later time, outside of all programs."""
        self.loop.call_later(seconds, then, context=self.loop.world.context)

    def ask(self, work: Callable[[ControllerAssembly], Coroutine[object, object, object]]) -> None:
        """Have an operator ask the controller for something, once."""

        async def ask() -> None:
            try:
                await self.controller.ask(work)
            except (Broken, AttuneError) as error:
                self.note(f"operator: {error!r}")

        self.loop.spawn(self.loop.world, ask())

    def note(self, text: str) -> None:
        """Put a line on the timeline."""
        if self.timeline is not None:
            self.timeline.append(f"{self.loop.turns:8} {self.loop.time():10.3f} {PROGRAM.get(self.loop.world).name:18} {text}")

    def play(self, faults: Sequence[Fault], until: int | None = None) -> None:
        """Live through the hours of the seed and come to rest."""
        done = self.loop.spawn(self.loop.world, self._live(faults))
        self.loop.run(done, steps=until)
        if done.done() and not done.cancelled():
            done.result()

    async def _live(self, faults: Sequence[Fault]) -> None:
        for machine in self.machines:
            self._enrol(machine)
        self._supervise()
        for fault in faults:
            self.later(fault.at, partial(self._bring, fault))
        for sending in sendings(self._name, self.hours, self._events):
            self.later(sending.at, partial(self._send, sending))
        await asyncio.sleep(self.hours * 3600.0)
        self._heal()
        await self._lift_marks()
        until = self.loop.time() + self._rest
        while self.loop.time() < until and not self._at_rest():
            await asyncio.sleep(_LOOK)
            self._let_the_forgotten_join()

    def _let_the_forgotten_join(self) -> None:
        """Do what the agent's log tells its operator to do."""
        tables = self.controller.disk.tables
        for machine in self.machines:
            if machine.name not in tables.agents or machine.disk.rows.instance in tables.forgotten:
                self.join_anew(machine)

    def _bring(self, fault: Fault) -> None:
        self.note(f"FAULT {fault}")
        bring(self, fault)

    def join_anew(self, machine: Machine) -> None:
        """Let an agent lose its state and join again under its name."""
        self.unreliable.add(machine.name)
        machine.join_anew()
        agent = self._enrol(machine)

        async def tell(assembly: ControllerAssembly) -> None:
            assembly.enrolled([agent])

        self.ask(tell)

    def _enrol(self, machine: Machine) -> Agent:
        agents = self.controller.disk.tables.agents
        new = Agent(name=machine.name, labels={"role": "sim"}, fingerprint="", certificate_expires_at=0.0, enrolled_at=EPOCH)
        return agents.setdefault(machine.name, new)

    def _send(self, sending: Sending) -> None:
        self.loop.spawn(self.loop.world, self.sender.send(sending))

    def _supervise(self) -> None:
        """Start again what is down, as an init system does; some of it only after a while."""
        for start in (self.controller.start, *(start for one in self.machines for start in (one.start_executor, one.start_agent))):
            if self.chance.random() < 0.6:
                start()
        self.later(self.chance.uniform(0.5, 2 * _LOOK), self._supervise)

    def _heal(self) -> None:
        self.note("everything heals")
        self.points.traps.clear()
        self.controller.disk.full = False
        for life in [
            self.controller.life,
            *(one.agent for one in self.machines),
            *(one.executor.life for one in self.machines if one.executor),
        ]:
            if life is not None:
                life.countdown, life.program.stopped = None, False
        for machine in self.machines:
            machine.disk.full = machine.host_disk.full = False
            machine.wire.weather = Weather()
            machine.wire.heal()

    async def _lift_marks(self) -> None:
        """Take back what operators said, however often it has to be asked for."""
        while True:
            try:
                await self.controller.ask(_lift_all)
            except (Broken, AgentUnknown):  # it is down, or somebody was forgotten between the look and the request
                await asyncio.sleep(_LOOK)
            else:
                return

    def _at_rest(self) -> bool:
        tables = self.controller.disk.tables
        if (
            tables.unplanned
            or tables.groups
            or self.witness.alive
            or any(len(one.disk.rows.outbox) or one.disk.rows.items for one in self.machines)
        ):
            return False
        return all(execution.state is State.SETTLED for execution in tables.executions.values())

    def _machine(self, name: str) -> Machine:
        return Machine(self.loop, self.points, self.witness, name, seed=f"{self._name} {name}", serving=lambda: self.controller.served)

    def _failed(self, what: str, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, asyncio.CancelledError | Broken):
            self.defects.append(f"defect: {what}: {error!r}")


def run(
    seed: int,
    hours: float = 1.0,
    *,
    faults: Sequence[Fault] | None = None,
    events: int = EVENTS,
    rest: float = REST,
    traced: bool = False,
    until: int | None = None,
) -> Finding:
    """Play a seed, with its own faults or only some of them, and with so many events an hour."""
    world = World(seed, hours, events=events, rest=rest, traced=traced)
    before, hit = structlog.get_config(), failpoints.hit

    def log(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
        error = sys.exc_info()[1]
        if "exc_info" in event and not isinstance(error, AttuneError) and PROGRAM.get(world.loop.world).alive:
            world.defects.append(f"defect: {event} {error!r}")
        world.note(f"  {event.pop('event')} {event}")
        raise structlog.DropEvent

    gc.disable()
    structlog.configure(
        processors=[log],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if traced else logging.ERROR),
    )
    failpoints.hit = lambda name: PROGRAM.get(world.loop.world).reach(f"failpoint {name}")
    try:
        with warnings.catch_warnings():
            # A task that is cancelled before its first step leaves the coroutine that it was to await.
            warnings.filterwarnings("ignore", message="coroutine .* was never awaited", category=RuntimeWarning)
            world.play(faults_of(f"seed {seed}", hours) if faults is None else faults, until)
            seconds = world.loop.time()
            broken = [] if until is not None else _broken(world)
            world.loop.close()
            gc.collect()
    finally:
        failpoints.hit = hit
        structlog.configure(**before)
        gc.enable()
    tables = world.controller.disk.tables
    for machine in world.machines:
        world.happened.update(machine.wire.happened)
    return Finding(
        seed=seed,
        hours=hours,
        broken=broken,
        trace=world.loop.trace.hexdigest(),
        turns=world.loop.turns,
        seconds=seconds,
        events=len(world.sender.acknowledged),
        executions=len(tables.executions),
        starts=sum(line.start for line in world.witness.lines),
        faults=world.happened,
        points=world.points,
        timeline=world.timeline or [],
    )


def _broken(world: World) -> list[str]:
    disk = world.controller.disk
    return [
        *world.defects,
        *judge(disk, world.witness, world.sender.acknowledged, world.unreliable),
    ]


async def _lift_all(assembly: ControllerAssembly) -> None:
    for agent in assembly.fleet.candidates():
        await assembly.marking.lift(agent.name, *MarkKind, by="simulation")
    for hold in assembly.holding.all():
        await assembly.holding.lift(hold.action, hold.key, by="simulation")
