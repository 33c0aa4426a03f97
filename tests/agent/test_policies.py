"""Rates, deadlines, busy queues, retries at the tail, requeues and paused queues: through the real lanes, with a clock that stands."""

import asyncio

import pytest

from attune_agent.host import How
from attune_agent.preparation_errors import BuildDelayed
from attune_core.marks import Mark
from attune_core.states import Outcome, Reason, State
from attune_core.wire.assignment import Policy, Rate, Retry
from attune_core.wire.stream_frames import HoldQueue
from tests.agent.assignments import assignment
from tests.agent.world import World, moves

RATED = Policy(limit=100, rate=Rate(limit=3, per=30.0))
SKIPPING = Policy(when_busy="skip")
NEWEST = Policy(when_busy="cancel_running")
SHORT = Policy(start_within=60.0)
TAIL = Policy(retry=Retry(maximum_attempts=3, after=(Outcome.FAILED,), initial_interval=5.0, place="tail"))


def why(world: World) -> str:
    return world.lanes.status(limit=1)[0].waiting_for


async def given(world: World, count: int, policy: Policy) -> None:
    world.lanes.slots = 64
    await world.assign(*[assignment(str(number), number, policy=policy) for number in range(1, count + 1)])


async def test_a_rate_lets_its_limit_start_at_once_and_then_one_after_the_other_in_order(world: World) -> None:
    await given(world, 6, RATED)
    assert world.host.started() == ["1", "2", "3"]
    assert why(world) == "rate 3 per 30s: next start in 10s"
    await world.pass_time(9.9)
    assert world.host.started() == ["1", "2", "3"]
    for name in ("4", "5", "6"):
        await world.pass_time(10.0)
        assert world.host.started()[-1] == name


async def test_an_idle_rate_fills_up_to_its_limit_and_no_further(world: World) -> None:
    await given(world, 3, RATED)
    await world.pass_time(1000.0)
    await world.assign(*[assignment(str(number), number, policy=RATED) for number in range(4, 9)])
    assert world.host.started() == ["1", "2", "3", "4", "5", "6"]


async def test_a_retry_takes_a_token_too_and_keeps_its_place_before_the_others(world: World) -> None:
    policy = Policy(rate=Rate(limit=1, per=10.0), retry=Retry(maximum_attempts=2, after=(Outcome.FAILED,), initial_interval=1.0))
    await given(world, 2, policy)
    await world.finish("1", code=1)
    await world.pass_time(5.0)
    assert world.host.witness == [("1", 1)]
    await world.pass_time(5.1)
    assert world.host.witness == [("1", 1), ("1", 2)]
    await world.finish("1", 2)
    await world.pass_time(10.1)
    assert world.host.witness == [("1", 1), ("1", 2), ("2", 1)]


async def test_what_a_rate_has_spent_outlives_a_restart(world: World) -> None:
    await given(world, 4, RATED)
    await world.restart()
    await world.pass_time(9.0)
    assert world.host.started() == ["1", "2", "3"]
    await world.pass_time(1.1)
    assert world.host.started() == ["1", "2", "3", "4"]


async def test_a_wall_clock_that_jumped_back_costs_a_rate_one_period_at_most(world: World) -> None:
    await given(world, 4, RATED)
    world.clock.now = lambda: 1_000_000_000.0  # type: ignore[method-assign]  # decades back
    await world.restart()
    await world.pass_time(10.1)
    assert world.host.started() == ["1", "2", "3", "4"]


async def test_a_passing_hindrance_costs_one_token_however_often_it_is_tried(world: World) -> None:
    world.preparation.troubles["1"] = [BuildDelayed("busy")] * 5
    await given(world, 3, Policy(limit=3, rate=Rate(limit=3, per=3000.0)))
    for _ in range(6):
        await world.pass_time(10.0)
    assert world.host.started() == ["1", "2", "3"]


async def test_queues_of_one_rate_key_share_its_tokens_in_turns(world: World) -> None:
    policy = Policy(rate=Rate(limit=1, per=10.0))
    names = ["a", "b", "c"]
    await world.assign(
        *[assignment(f"{name}{number}", number, key=f'"{name}"', rate_key="null", policy=policy) for name in names for number in (1, 2)]
    )
    world.host.script = lambda _request: How.EXITED
    for started in world.host.started():
        await world.finish(started)
    for _ in range(5):
        await world.pass_time(10.1)
    order = [execution[0] for execution in world.host.started()]
    assert sorted(order[:3]) == names
    assert sorted(order[3:]) == names


async def test_a_rate_that_is_lifted_lets_everything_start_at_once(world: World) -> None:
    await given(world, 6, RATED)
    world.inbox.activate("r2", {"web.restart": Policy(limit=100)})
    await world.settle()
    assert len(world.host.started()) == 6


async def test_a_rate_with_a_shorter_time_holds_nothing_longer_than_that(world: World) -> None:
    await given(world, 4, Policy(limit=100, rate=Rate(limit=3, per=3000.0)))
    world.inbox.activate("r2", {"web.restart": RATED})
    await world.pass_time(10.1)
    assert world.host.started() == ["1", "2", "3", "4"]


async def test_one_that_does_not_start_in_time_is_rejected_wherever_it_stands(world: World) -> None:
    await given(world, 4, SHORT)
    await world.pass_time(59.0)
    assert len(world.fifo) == 4
    await world.pass_time(1.1)
    for name in ("2", "3", "4"):
        report = world.settled(name)
        assert (report.outcome, report.reason) == (Outcome.REJECTED, Reason.EXPIRED)
        assert report.detail == "was not run: it had not started within 1m of its acceptance"
    await world.finish("1")
    assert world.host.started() == ["1"]


async def test_the_time_is_counted_from_acceptance_and_not_from_arrival(world: World) -> None:
    world.closed = "not yet"
    await world.assign(assignment("1", 1, policy=SHORT, age=50.0), assignment("2", 2, policy=SHORT, age=61.0))
    assert world.settled("2").reason is Reason.EXPIRED
    await world.pass_time(10.1)
    assert world.settled("1").reason is Reason.EXPIRED


async def test_the_time_goes_on_through_a_restart(world: World) -> None:
    await world.assign(assignment("1", 1), assignment("2", 2, policy=SHORT))
    await world.pass_time(40.0)
    await world.restart()
    await world.pass_time(19.0)
    assert "2" in world.fifo.waiting(world.fifo.queues()[0])
    await world.pass_time(1.1)
    assert world.settled("2").reason is Reason.EXPIRED


async def test_retries_do_not_expire(world: World) -> None:
    policy = Policy(start_within=10.0, retry=Retry(maximum_attempts=2, after=(Outcome.FAILED,), initial_interval=60.0))
    await world.assign(assignment("1", 1, policy=policy))
    await world.finish("1", code=1)
    await world.pass_time(60.1)
    assert world.host.witness == [("1", 1), ("1", 2)]


async def test_a_preparation_that_takes_too_long_expires_and_starts_nothing(world: World) -> None:
    world.preparation.gates["1"] = asyncio.Event()
    await given(world, 2, SHORT)
    await world.pass_time(60.1)
    assert world.settled("1").reason is Reason.EXPIRED
    assert world.settled("2").reason is Reason.EXPIRED
    world.preparation.gates["1"].set()
    await world.settle()
    assert world.host.witness == []


async def test_a_policy_that_comes_later_sets_the_time_of_what_waits_already(world: World) -> None:
    await given(world, 2, Policy())
    await world.pass_time(100.0)
    world.inbox.activate("r2", {"web.restart": Policy(start_within=120.0)})
    await world.pass_time(19.0)
    assert len(world.fifo) == 2
    await world.pass_time(1.1)
    assert world.settled("2").reason is Reason.EXPIRED


async def test_skip_rejects_what_stands_behind_the_limit(world: World) -> None:
    await given(world, 3, SKIPPING)
    for name in ("2", "3"):
        report = world.settled(name)
        assert (report.outcome, report.reason) == (Outcome.REJECTED, Reason.SKIPPED)
        assert report.detail == "was not run: 1 before it in its queue were not settled (when_busy: skip)"
    await world.finish("1")
    await world.assign(assignment("4", 4, policy=SKIPPING))
    assert world.host.started() == ["1", "4"]


async def test_skip_is_the_same_after_a_crash_between_arrival_and_look(world: World) -> None:
    await world.assign(assignment("1", 1, policy=SKIPPING))
    world.inbox.assign([assignment("2", 2, policy=SKIPPING)])
    await world.restart()
    assert world.settled("2").reason is Reason.SKIPPED
    assert world.host.started() == ["1"]


async def test_a_retry_is_not_skipped(world: World) -> None:
    await world.assign(assignment("1", 1, policy=SKIPPING), assignment("2", 2, policy=SKIPPING, attempt=2))
    await world.finish("1")
    assert world.host.witness == [("1", 1), ("2", 2)]


async def test_the_newest_ends_the_older_ones_and_starts_when_they_are_gone(world: World) -> None:
    world.host.stops = False
    await world.assign(assignment("1", 1, policy=NEWEST))
    await world.assign(assignment("2", 2, policy=NEWEST), assignment("3", 3, policy=NEWEST))
    assert world.settled("2").outcome is Outcome.CANCELLED
    assert world.settled("2").reason is Reason.SUPERSEDED
    assert world.host.stopped == [("1", 1)]
    assert world.host.witness == [("1", 1)]
    await world.finish("1", how=How.CANCELLED, code=None)
    assert (world.settled("1").outcome, world.settled("1").reason) == (Outcome.CANCELLED, Reason.SUPERSEDED)
    assert world.host.witness == [("1", 1), ("3", 1)]


async def test_what_runs_goes_on_while_the_newest_may_not_start(world: World) -> None:
    await world.assign(assignment("1", 1, policy=NEWEST))
    world.closed = "paused"
    await world.assign(assignment("2", 2, policy=NEWEST), assignment("3", 3, policy=NEWEST))
    assert world.settled("2").reason is Reason.SUPERSEDED
    assert world.host.running == [("1", 1)]
    world.closed = ""
    world.lanes.touch_all()
    await world.settle()
    assert world.settled("1").reason is Reason.SUPERSEDED
    assert world.host.running == [("3", 1)]


async def test_a_retry_at_the_tail_is_given_back_and_the_next_starts_at_once(world: World) -> None:
    await given(world, 2, TAIL)
    await world.finish("1", code=1)
    assert moves(world, "1") == [(State.STARTED, 1), (State.QUEUED, 1)]
    assert world.reports("1")[-1].detail == "attempt 1 failed (exit_code); the next follows after 5 s, at the end of its queue"
    assert world.host.witness == [("1", 1), ("2", 1)]
    assert world.host.forgotten == {("1", 1)}
    await world.assign(assignment("1", 3, policy=TAIL, attempt=2))
    await world.finish("2")
    assert world.host.witness == [("1", 1), ("2", 1), ("1", 2)]


async def test_attempts_are_counted_across_places(world: World) -> None:
    await world.assign(assignment("1", 1, policy=TAIL, attempt=3))
    await world.finish("1", 3, code=1)
    assert (world.settled("1").outcome, world.settled("1").attempt) == (Outcome.FAILED, 3)


async def test_what_was_given_back_is_not_held_after_a_restart(world: World) -> None:
    await world.assign(assignment("1", 1, policy=TAIL))
    await world.finish("1", code=1)
    await world.restart()
    assert len(world.fifo) == 0
    assert moves(world, "1") == [(State.STARTED, 1), (State.QUEUED, 1)]
    assert world.host.witness == [("1", 1)]


async def test_a_requeue_gives_back_what_waits_and_leaves_alone_what_runs(world: World) -> None:
    await given(world, 3, Policy())
    world.inbox.requeue("1")
    world.inbox.requeue("2")
    await world.settle()
    assert moves(world, "1") == [(State.STARTED, 1)]
    assert moves(world, "2") == [(State.QUEUED, 0)]
    await world.assign(assignment("2", 4))
    await world.finish("1")
    await world.finish("3")
    assert world.host.witness == [("1", 1), ("3", 1), ("2", 1)]


async def test_a_requeue_during_the_preparation_gives_it_back_without_a_start(world: World) -> None:
    world.preparation.gates["1"] = asyncio.Event()
    await given(world, 2, Policy())
    world.inbox.requeue("1")
    await world.settle()
    assert moves(world, "1") == [(State.QUEUED, 0)]
    assert world.host.witness == [("2", 1)]


async def test_a_requeue_of_one_between_two_attempts_says_how_many_were_made(world: World) -> None:
    policy = Policy(retry=Retry(maximum_attempts=3, after=(Outcome.FAILED,), initial_interval=60.0))
    await world.assign(assignment("1", 1, policy=policy))
    await world.finish("1", code=1)
    world.inbox.requeue("1")
    await world.settle()
    assert moves(world, "1")[-1] == (State.QUEUED, 1)


async def test_a_requeue_of_what_is_not_in_hand_is_nothing(world: World) -> None:
    world.inbox.requeue("1")
    await world.settle()
    await world.assign(assignment("1", 1))
    assert world.host.started() == ["1"]


@pytest.mark.parametrize(
    ("key", "said"), [("null", "its queue is paused: migration by ops"), (None, "its action is paused: migration by ops")]
)
async def test_a_paused_queue_starts_nothing_and_says_why_and_the_others_go_on(world: World, key: str | None, said: str) -> None:
    mark = Mark(note="migration", by="ops", since=1_700_000_000.0)
    world.marks.hold([HoldQueue(action="web.restart", key=key, mark=mark)])
    await world.assign(assignment("1", 1), assignment("b", 1, action="db.dump"))
    assert world.host.started() == ["b"]
    assert said in why(world)
    await world.restart()
    assert world.host.started() == ["b"]
    world.marks.hold([])
    await world.settle()
    assert world.host.started() == ["b", "1"]


async def test_a_pause_that_comes_during_a_preparation_holds_the_start(world: World) -> None:
    world.preparation.gates["1"] = asyncio.Event()
    await world.assign(assignment("1", 1))
    world.marks.hold([HoldQueue(action="web.restart", mark=Mark(by="ops", since=0.0))])
    world.preparation.gates["1"].set()
    await world.settle()
    assert world.host.witness == []
    world.marks.hold([])
    await world.settle()
    assert world.host.witness == [("1", 1)]


async def test_a_token_that_was_refilled_meanwhile_is_not_given_back(world: World) -> None:
    """Found by the machine: an attempt that was put off made room for one too many."""
    policy = Policy(rate=RATED.rate)
    world.preparation.gates["0"] = asyncio.Event()
    world.preparation.troubles["0"] = [BuildDelayed("busy")]
    await world.assign(assignment("0", 1, key='"x"', rate_key="1", policy=policy))
    await world.pass_time(40.0)
    await world.assign(*[assignment(str(number), 1, key=f'"{number}"', rate_key="1", policy=policy) for number in range(1, 6)])
    assert world.host.started() == ["1", "2", "3"]
    world.preparation.gates["0"].set()
    await world.pass_time(0.3)
    assert len(world.host.witness) == 3
