"""A pause holds back starts and nothing else: order, once-ness and what runs stay as they were, through restarts and retries."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_agent.state.sqlite import SqliteState
from attune_core.marks import Mark
from attune_core.states import Outcome
from attune_core.wire.assignment import Policy, Retry
from tests.agent.assignments import assignment
from tests.agent.world import QUEUE, World

MARK = Mark(note="disk swap", by="ops", since=1_769_860_800.0)
OTHER = Mark(note="still at it", by="ops2", since=1_769_860_900.0)
RETRYING = Policy(limit=2, retry=Retry(maximum_attempts=3, after=(Outcome.FAILED,), initial_interval=5.0))


async def test_a_paused_agent_starts_nothing_and_says_why_who_and_since_when(world: World) -> None:
    world.marks.follow(paused=MARK, draining=None)
    await world.assign(assignment("1", 1))
    assert world.host.started() == []
    assert world.lanes.status(limit=1)[0].waiting_for == "paused: disk swap by ops since 2026-01-31T12:00:00Z"


async def test_what_runs_goes_on_and_the_queue_goes_on_in_its_order_after_the_pause(world: World) -> None:
    await world.assign(*[assignment(str(number), number) for number in range(1, 4)])
    world.marks.follow(paused=MARK, draining=None)
    await world.finish("1")
    await world.assign(assignment("4", 4))
    assert world.host.started() == ["1"]
    world.marks.follow(paused=None, draining=None)
    for number in range(2, 5):
        await world.settle()
        await world.finish(str(number))
    assert world.host.started() == ["1", "2", "3", "4"]


async def test_what_is_being_prepared_when_the_pause_comes_does_not_start_and_keeps_its_place(world: World) -> None:
    gate = world.preparation.gates["1"] = asyncio.Event()  # an environment is built, say
    await world.assign(assignment("1", 1), assignment("2", 2))
    world.marks.follow(paused=MARK, draining=None)
    gate.set()
    await world.settle()
    assert world.host.started() == []
    assert world.lanes.busy == 0
    assert world.lanes.status(limit=1)[0].waiting_for.startswith("paused: disk swap")
    world.marks.follow(paused=None, draining=None)
    await world.settle()
    await world.finish("1")
    assert world.host.started() == ["1", "2"]


async def test_a_pause_outlives_the_agent(world: World) -> None:
    world.marks.follow(paused=MARK, draining=OTHER)
    await world.assign(assignment("1", 1))
    await world.restart()
    assert (world.marks.paused, world.marks.draining) == (MARK, OTHER)
    assert world.host.started() == []
    world.marks.follow(paused=None, draining=OTHER)
    await world.settle()
    assert world.host.started() == ["1"]


async def test_a_pause_outlives_the_agent_on_disk(tmp_path: Path) -> None:
    world = World(open_state=lambda: SqliteState(tmp_path / "agent.sqlite", instance="one"))
    world.start()
    world.marks.follow(paused=MARK, draining=None)
    await world.kill()
    world.start()
    assert (world.marks.paused, world.marks.draining) == (MARK, None)
    world.marks.follow(paused=None, draining=None)
    await world.kill()
    world.start()
    assert world.marks.paused is None
    await world.kill()


async def test_a_retry_waits_for_the_end_of_the_pause_at_its_place(world: World) -> None:
    await world.assign(assignment("1", 1, policy=RETRYING), assignment("2", 2, policy=RETRYING))
    await world.finish("1", code=1)
    world.marks.follow(paused=MARK, draining=None)
    await world.pass_time(60.0)
    assert world.host.started(2) == []
    world.marks.follow(paused=None, draining=None)
    await world.settle()
    assert world.host.started(2) == ["1"]


async def test_a_cancelled_one_settles_while_the_agent_is_paused(world: World) -> None:
    from attune_core.states import Reason

    world.marks.follow(paused=MARK, draining=None)
    await world.assign(assignment("1", 1), assignment("2", 2))
    world.inbox.cancel("1", Reason.OPERATOR)
    await world.settle()
    assert world.settled("1").outcome is Outcome.CANCELLED
    world.marks.follow(paused=None, draining=None)
    await world.settle()
    assert world.host.started() == ["2"]


async def test_the_host_s_own_pause_stands_above_what_operators_say(world: World) -> None:
    world.marks.follow_host("disk swap, ask ops")
    await world.assign(assignment("1", 1))
    world.marks.follow(paused=MARK, draining=None)
    world.marks.follow(paused=None, draining=None)
    await world.settle()
    assert world.host.started() == []
    assert world.lanes.status(limit=1)[0].waiting_for == "paused by the host: disk swap, ask ops"
    world.marks.follow_host("")
    await world.settle()
    assert world.host.started() == ["1"]


async def test_a_note_with_control_characters_is_only_text(world: World) -> None:
    world.marks.follow(paused=MARK.model_copy(update={"note": "\x1b[31mred" + "x" * 490}), draining=None)
    assert world.marks.closed(QUEUE).startswith("paused: \\x1b[31mred")
    assert world.marks.closed(QUEUE).endswith("… by ops since 2026-01-31T12:00:00Z")


STEPS = st.lists(
    st.one_of(
        st.sampled_from(["assign", "assign", "pause", "resume", "drain", "host pause", "host resume", "restart", "time"]),
        st.tuples(st.sampled_from(["succeed", "fail"]), st.integers(0, 3)),
    ),
    max_size=40,
)


@pytest.mark.parametrize("limit", [1, 3])
@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_no_order_and_no_once_ness_is_lost_whatever_is_paused_resumed_drained_and_restarted(
    limit: int, steps: list[str | tuple[str, int]]
) -> None:
    asyncio.run(_play(steps, RETRYING.model_copy(update={"limit": limit})))


async def _play(steps: list[str | tuple[str, int]], policy: Policy) -> None:
    world = World(slots=8)
    world.start()
    assigned = steps.count("assign")
    waiting = [assignment(f"e{number}", number, policy=policy) for number in range(assigned, 0, -1)]
    for step in [*steps, "resume", "host resume"]:
        before, closed = len(world.host.witness), bool(world.marks.closed(QUEUE))
        if step == "assign":
            await world.assign(waiting.pop())
        elif isinstance(step, tuple):
            await _finish_one(world, *step)
        else:
            await _operate(world, step)
        await world.settle()
        if closed and world.marks.closed(QUEUE):
            assert len(world.host.witness) == before, "a paused host started something"
    while len(world.fifo):
        await _finish_one(world, "succeed", 0)
        await world.pass_time(60.0)
    assert len(set(world.host.witness)) == len(world.host.witness), "an attempt started twice"
    assert world.host.started() == [f"e{number}" for number in range(1, assigned + 1)], "first attempts are in order"
    await world.kill()


async def _finish_one(world: World, how: str, place: int) -> None:
    if running := world.host.running:
        await world.finish(*running[place % len(running)], code=0 if how == "succeed" else 1)


async def _operate(world: World, step: str) -> None:
    marks = world.marks
    match step:
        case "pause" | "resume":
            marks.follow(paused=MARK if step == "pause" else None, draining=marks.draining)
        case "drain":
            marks.follow(paused=marks.paused, draining=OTHER)
        case "host pause" | "host resume":
            marks.follow_host("x" if step == "host pause" else "")
        case "time":
            await world.pass_time(30.0)
        case _:
            await world.kill()
            world.start()
            world.marks.follow_host(marks.host_pause)  # as `app` reads it before anything starts
