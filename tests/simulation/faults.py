"""The faults of a simulation: what can happen, when it happens in a seed, and how it is brought about.

Scheduled by `world`; removing one from the list leaves the others as they are, which is how a failure is made small.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from attune_core.marks import MarkKind
from attune_core.states import Reason, State
from tests.simulation.life import Life
from tests.simulation.repository import KINDS as KINDS_OF_EVENTS
from tests.simulation.repository import revisions
from tests.simulation.wire import Direction, Weather

if TYPE_CHECKING:
    from tests.simulation.agent import Machine
    from tests.simulation.world import World


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault: what, when, to whom, for how long, and a number that each kind reads in its own way."""

    at: float
    kind: str
    target: int
    seconds: float
    amount: int

    def __str__(self) -> str:
        return f"{self.at:9.3f} s  {self.kind}  (agent {self.target + 1}, {self.seconds:.3f} s, {self.amount})"


#: How the kind of fault is called that sets a trap at a failpoint.
CRASH_AT = "crash at "
#: Failpoints that the simulated programs pass; the others belong to what is not simulated (docs/simulation.md).
FAILPOINTS = (
    "c1", "c2", "c3", "c5", "c6", "c7", "c8", "a1", "a2", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a13", "a14", "a15", "a19",
)  # fmt: skip


def faults_of(seed: str, hours: float, per_hour: int = 60) -> Sequence[Fault]:
    """Return the faults of a seed, in order of time."""
    chance = random.Random(f"{seed} faults")
    kinds: list[str] = []
    made: list[Fault] = []
    while len(made) < per_hour * hours:
        if not kinds:
            kinds = sorted(KINDS)
            chance.shuffle(kinds)
        made.append(
            Fault(
                at=round(chance.uniform(5.0, hours * 3600.0), 3),
                kind=kinds.pop(),
                target=chance.randrange(3),
                seconds=round(chance.choice((0.1, 1.0, 8.0, 40.0, 200.0)) * chance.uniform(0.3, 1.5), 3),
                amount=chance.randrange(1000),
            )
        )
    return sorted(made, key=lambda fault: fault.at)


def bring(world: "World", fault: Fault) -> None:
    """Bring a fault about."""
    world.happened[fault.kind] += 1
    if fault.kind in KINDS:
        KINDS[fault.kind](world, fault)
    else:
        _trap(fault.kind.removeprefix(CRASH_AT))(world, fault)


def _crash_controller(world: "World", fault: Fault) -> None:
    _doom(world.controller.life, fault)


def _crash_agent(world: "World", fault: Fault) -> None:
    _doom(_machine(world, fault).agent, fault)


def _crash_executor(world: "World", fault: Fault) -> None:
    executor = _machine(world, fault).executor
    _doom(executor.life if executor else None, fault)


def _doom(life: Life | None, fault: Fault) -> None:
    """Kill now, or at one of the next points."""
    if life is not None and life.alive:
        if fault.amount % 3 == 0:
            life.program.kill()
        else:
            life.countdown = fault.amount % 50 + 1


def _trap(name: str) -> Callable[["World", Fault], None]:
    def set_trap(world: "World", fault: Fault) -> None:
        """Kill whoever comes to this failpoint first."""
        world.points.traps[point_of(name)] = None

    return set_trap


def point_of(failpoint: str) -> str:
    """Return what a failpoint is called among the points."""
    return f"failpoint {failpoint}"


def _crash_host(world: "World", fault: Fault) -> None:
    _machine(world, fault).crash()


def _kill_keeper(world: "World", fault: Fault) -> None:
    executor = _machine(world, fault).executor
    if executor is not None and executor.life.alive:
        executor.kill_keeper()


def _replace_executor(world: "World", fault: Fault) -> None:
    """The executor's state directory is lost, and whatever it hosted with it."""
    machine = _machine(world, fault)
    if machine.executor is not None:
        machine.executor.life.program.kill()
    for process in machine.host_disk.processes.values():
        process.vanish()
    machine.host_disk.replace()


def _partition(world: "World", fault: Fault) -> None:
    _block(world, fault, Direction.UP, Direction.DOWN)


def _partition_up(world: "World", fault: Fault) -> None:
    _block(world, fault, Direction.UP)


def _partition_down(world: "World", fault: Fault) -> None:
    _block(world, fault, Direction.DOWN)


def _block(world: "World", fault: Fault, *directions: Direction) -> None:
    wire = _machine(world, fault).wire
    wire.block(*directions)
    world.later(fault.seconds, wire.heal)


def _half_open(world: "World", fault: Fault) -> None:
    _machine(world, fault).wire.silence()


def _weather(change: Weather) -> Callable[["World", Fault], None]:
    def bring_weather(world: "World", fault: Fault) -> None:
        wire = _machine(world, fault).wire
        wire.weather = replace(change)
        world.later(max(fault.seconds, 20.0), lambda: setattr(wire, "weather", Weather()))

    return bring_weather


def _store_full(world: "World", fault: Fault) -> None:
    world.controller.disk.full = True
    world.later(fault.seconds, lambda: setattr(world.controller.disk, "full", False))


def _agent_state_full(world: "World", fault: Fault) -> None:
    disk = _machine(world, fault).disk
    disk.full = True
    world.later(fault.seconds, lambda: setattr(disk, "full", False))


def _journal_full(world: "World", fault: Fault) -> None:
    disk = _machine(world, fault).host_disk
    disk.full = True
    world.later(fault.seconds, lambda: setattr(disk, "full", False))


def _clock_of_controller(world: "World", fault: Fault) -> None:
    world.controller.wall.ahead += (fault.amount - 500) * 3600.0


def _clock_of_agent(world: "World", fault: Fault) -> None:
    world.unreliable.add(_machine(world, fault).name)
    _machine(world, fault).wall.ahead += (fault.amount - 500) * 3600.0


def _stop_agent(world: "World", fault: Fault) -> None:
    _stop(world, _machine(world, fault).agent, fault)


def _stop_controller(world: "World", fault: Fault) -> None:
    _stop(world, world.controller.life, fault)


def _stop(world: "World", life: Life | None, fault: Fault) -> None:
    """SIGSTOP, and SIGCONT later."""
    if life is not None and life.alive:
        program = life.program
        program.stopped = True
        world.later(fault.seconds, lambda: setattr(program, "stopped", False))


def _new_revision(world: "World", fault: Fault) -> None:
    found = revisions()
    world.controller.activate(found[fault.amount % len(found)])


def _cancel(world: "World", fault: Fault) -> None:
    """An operator cancels one of what is unsettled."""
    unsettled = [one for one in world.controller.disk.tables.executions.values() if one.state is not State.SETTLED]
    if unsettled:
        execution = unsettled[fault.amount % len(unsettled)]
        world.ask(lambda assembly: assembly.cancellation.cancel(execution, Reason.OPERATOR))


def _requeue(world: "World", fault: Fault) -> None:
    """An operator has one of what is unsettled go to the end of its queue."""
    unsettled = [one for one in world.controller.disk.tables.executions.values() if one.state is not State.SETTLED]
    if unsettled:
        execution = unsettled[fault.amount % len(unsettled)]
        world.ask(lambda assembly: assembly.requeueing.requeue(execution))


def _hold(world: "World", fault: Fault) -> None:
    """An operator pauses an action, or one queue of it, for a while."""
    action = f"sim.{KINDS_OF_EVENTS[fault.amount % len(KINDS_OF_EVENTS)]}"
    key = None if fault.amount % 2 else '"a"'
    world.ask(lambda assembly: assembly.holding.put(action, key, note="simulated", by="simulation"))
    world.later(fault.seconds, lambda: world.ask(lambda assembly: assembly.holding.lift(action, key, by="simulation")))


def _forget(world: "World", fault: Fault) -> None:
    """An operator gives an agent up; it joins anew later."""
    machine = _machine(world, fault)
    world.ask(lambda assembly: assembly.departing.forget(machine.name, note="simulated", by="simulation"))
    world.later(fault.seconds, lambda: world.join_anew(machine))


def _new_instance(world: "World", fault: Fault) -> None:
    world.join_anew(_machine(world, fault))


def _mark(kind: MarkKind) -> Callable[["World", Fault], None]:
    def mark(world: "World", fault: Fault) -> None:
        name = _machine(world, fault).name
        world.ask(lambda assembly: assembly.marking.put(name, kind, note="simulated", by="simulation"))
        world.later(fault.seconds, lambda: world.ask(lambda assembly: assembly.marking.lift(name, kind, by="simulation")))

    return mark


def _machine(world: "World", fault: Fault) -> "Machine":
    return world.machines[fault.target % len(world.machines)]


#: Every kind of fault.
KINDS: Mapping[str, Callable[["World", Fault], None]] = {
    "crash of the controller": _crash_controller,
    "crash of an agent": _crash_agent,
    "crash of an executor": _crash_executor,
    "crash of a host": _crash_host,
    "death of a keeper": _kill_keeper,
    "loss of an executor's state": _replace_executor,
    "partition": _partition,
    "partition up": _partition_up,
    "partition down": _partition_down,
    "half-open connections": _half_open,
    "slow network": _weather(Weather(seconds=(0.05, 2.0))),
    "resets": _weather(Weather(lost=0.3)),
    "duplicates": _weather(Weather(repeated=0.3)),
    "reordering": _weather(Weather(swapped=0.3, late=0.2)),
    "lost frames": _weather(Weather(dropped=0.3)),
    "truncation": _weather(Weather(truncated=0.2)),
    "full store": _store_full,
    "full agent state": _agent_state_full,
    "full journal": _journal_full,
    "clock of the controller": _clock_of_controller,
    "clock of an agent": _clock_of_agent,
    "stopped agent": _stop_agent,
    "stopped controller": _stop_controller,
    "new revision": _new_revision,
    "cancellation": _cancel,
    "requeue": _requeue,
    "paused queue": _hold,
    "forgotten agent": _forget,
    "new instance": _new_instance,
    "paused agent": _mark(MarkKind.PAUSED),
    "drained agent": _mark(MarkKind.DRAINING),
    "cordoned agent": _mark(MarkKind.CORDONED),
    **{f"{CRASH_AT}{name}": _trap(name) for name in FAILPOINTS},
}
