"""Each two of cancel, exit, timeout, kill, requeue, supersede and expiry, in both orders and each phase: one last word, no start after."""

import asyncio
from collections.abc import Callable
from itertools import permutations

import pytest

from attune_agent.host import How
from attune_core.states import Outcome, Reason, State
from attune_core.wire.agent_frames import Report
from attune_core.wire.assignment import Policy
from tests.agent.assignments import assignment
from tests.agent.world import World

POLICY = Policy(when_busy="cancel_running", start_within=60.0)


def end(how: How) -> Callable[[World], None]:
    def finish(world: World) -> None:
        if ("1", 1) in world.host.running:
            world.host.finish("1", how=how)

    return finish


EVENTS: dict[str, Callable[[World], object]] = {
    "cancel": lambda world: world.inbox.cancel("1", Reason.OPERATOR),
    "exit": end(How.EXITED),
    "timeout": end(How.TIMED_OUT),
    "kill": end(How.LOST),
    "requeue": lambda world: world.inbox.requeue("1"),
    "supersede": lambda world: world.inbox.assign([assignment("2", 2, policy=POLICY)]),
    "expiry": lambda world: world.clock.advance(61.0),
}
PHASES = ("waiting", "preparing", "asked", "started")
#: Turns of the loop between the two, or a crash of the agent.
BETWEEN = (0, 1, 3, 20, None)


async def in_phase(phase: str) -> World:
    world = World()
    world.start()
    world.host.stops = False
    world.closed = "not yet" if phase == "waiting" else ""
    if phase == "preparing":
        world.preparation.gates["1"] = asyncio.Event()
    if phase == "asked":
        world.host.troubles = [None]  # it starts, and the answer is lost
    await world.assign(assignment("1", 1, policy=POLICY))
    return world


async def come_to_an_end(world: World) -> None:
    """Let go on whatever waits, and end what runs."""
    world.closed, world.host.stops = "", True
    for gate in world.preparation.gates.values():
        gate.set()
    world.lanes.touch_all()
    for _ in range(4):
        await world.pass_time(11.0)
        for key in world.host.running:
            world.host.finish(*key)
    await world.settle()


def last_words(world: World, execution: str) -> list[Report]:
    return [one for one in world.reports(execution) if one.state in (State.SETTLED, State.QUEUED)]


async def race(phase: str, first: str, second: str, between: int | None) -> None:
    world = await in_phase(phase)
    EVENTS[first](world)
    if between is None:
        await world.restart()
    else:
        await world.settle(between)
    EVENTS[second](world)
    await come_to_an_end(world)
    said = (phase, first, second, between)
    (last,) = last_words(world, "1")
    assert world.reports("1")[-1] == last, said
    assert len(world.host.witness) == len(set(world.host.witness)), said
    assert not len(world.fifo), said
    assert not world.host.running, said
    if last.state is State.QUEUED or last.reason in (Reason.EXPIRED, Reason.SKIPPED):
        assert ("1", 1) not in world.host.witness, (said, last)
    if last.outcome is Outcome.SUCCEEDED:
        assert ("1", 1) in world.host.witness, (said, last)
    await world.kill()


@pytest.mark.parametrize(("first", "second"), list(permutations(EVENTS, 2)))
async def test_of_two_that_would_end_an_execution_one_does(first: str, second: str) -> None:
    for phase in PHASES:
        for between in BETWEEN:
            await race(phase, first, second, between)


async def test_the_next_starts_only_after_the_end_of_what_was_superseded_whatever_ends_it() -> None:
    for how in (How.EXITED, How.TIMED_OUT, How.LOST, How.CANCELLED):
        world = await in_phase("started")
        EVENTS["supersede"](world)
        await world.settle()
        assert world.host.witness == [("1", 1)]
        await world.finish("1", how=how)
        assert world.host.witness == [("1", 1), ("2", 1)]
        await world.kill()
