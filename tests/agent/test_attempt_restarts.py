"""Attempts across restarts of the agent and of the executor: nothing starts twice, and what nobody can know is lost."""

import asyncio

import pytest

from attune_agent.executor_errors import ExecutorUnreachable, StartRefused
from attune_agent.host import How
from attune_agent.preparation_errors import PackUnreadable
from attune_agent.state.records import Phase
from attune_core.states import Outcome, Reason, State
from attune_core.wire.assignment import Policy, Rate, Retry
from tests.agent.assignments import assignment
from tests.agent.world import World, moves

TWICE = Policy(retry=Retry(maximum_attempts=2, after=(Outcome.FAILED,), initial_interval=5.0))


async def test_a_cancellation_outlives_a_restart_of_the_agent(world: World) -> None:
    await world.assign(assignment("1", 1, policy=TWICE))
    world.host.away = True
    world.inbox.cancel("1", Reason.SUPERSEDED)
    await world.settle()
    await world.kill()
    world.host.away = False
    world.start()
    await world.settle()
    assert world.host.stopped == [("1", 1)]
    assert world.settled("1").reason is Reason.SUPERSEDED


async def test_a_restart_during_a_run_attaches_and_starts_nothing(world: World) -> None:
    await world.assign(assignment("1", 1), assignment("2", 2))
    await world.restart()
    assert world.host.witness == [("1", 1)]
    await world.finish("1")
    assert world.settled("1").outcome is Outcome.SUCCEEDED
    assert world.host.witness == [("1", 1), ("2", 1)]


async def test_what_runs_on_goes_on_holding_its_environment_until_it_is_settled(world: World) -> None:
    await world.assign(assignment("1", 1), assignment("2", 2))
    await world.restart()
    assert world.holds == {"1": "0123456789abcdef"}
    await world.finish("1")
    assert world.settled("1").outcome is Outcome.SUCCEEDED
    assert world.holds == {}


async def test_an_end_while_the_agent_was_down_is_collected_once(world: World) -> None:
    await world.assign(assignment("1", 1))
    await world.kill()
    world.host.finish("1")
    world.start()
    await world.settle()
    assert world.settled("1").outcome is Outcome.SUCCEEDED
    assert world.host.witness == [("1", 1)]


async def test_a_restart_during_a_pause_keeps_number_and_pause(world: World) -> None:
    await world.assign(assignment("1", 1, policy=TWICE))
    await world.finish("1", code=1)
    await world.restart()
    await world.pass_time(4.0)
    assert world.host.witness == [("1", 1)]
    await world.pass_time(1.5)
    assert world.host.witness == [("1", 1), ("1", 2)]


async def test_a_wall_clock_that_jumped_back_does_not_stretch_a_pause_beyond_its_bound(world: World) -> None:
    await world.assign(assignment("1", 1, policy=TWICE))
    await world.finish("1", code=1)
    world.clock.now = lambda: 1_000_000_000.0  # type: ignore[method-assign]  # decades back
    await world.restart()
    await world.pass_time(60.1)
    assert ("1", 2) in world.host.witness


async def test_asked_and_unknown_to_the_same_executor_never_started_and_is_started(world: World) -> None:
    world.host.troubles = [ExecutorUnreachable("before it was heard")]
    await world.assign(assignment("1", 1))
    assert world.disk.items["1"].phase is Phase.ASKED
    assert world.host.witness == []
    await world.restart()
    assert world.host.witness == [("1", 1)]


async def test_asked_and_known_to_the_same_executor_is_attached_to(world: World) -> None:
    world.host.troubles = [None]
    await world.assign(assignment("1", 1))
    await world.restart()
    assert world.host.witness == [("1", 1)]
    await world.finish("1")
    assert moves(world, "1") == [(State.STARTED, 1), (State.SETTLED, 1)]


@pytest.mark.parametrize("answered", [True, False])
async def test_an_executor_with_another_state_means_lost(world: World, *, answered: bool) -> None:
    if not answered:
        world.host.troubles = [None]
    await world.assign(assignment("1", 1), assignment("2", 2))
    await world.kill()
    world.host.replace_state()
    world.start()
    await world.settle()
    assert (world.settled("1").outcome, world.settled("1").reason) == (Outcome.LOST, Reason.START_UNKNOWN)
    assert world.host.witness == [("1", 1), ("2", 1)]


async def test_an_executor_that_is_replaced_during_a_run_means_lost(world: World) -> None:
    await world.assign(assignment("1", 1))
    world.host.replace_state()
    await world.settle()
    assert world.settled("1").reason is Reason.START_UNKNOWN


async def test_an_executor_that_is_away_at_the_start_is_waited_for(world: World) -> None:
    await world.assign(assignment("1", 1))
    await world.kill()
    world.host.away = True
    world.start()
    await world.assign(assignment("2", 2))
    await world.pass_time(5.0)
    world.host.away = False
    await world.pass_time(10.0)
    await world.finish("1")
    assert world.host.witness == [("1", 1), ("2", 1)]


async def test_a_crash_between_outcome_and_forgetting_reports_once_and_tidies_up(world: World) -> None:
    await world.assign(assignment("1", 1))
    forget = world.host.forget

    async def never(execution: str, attempt: int) -> None:
        await asyncio.get_running_loop().create_future()

    world.host.forget = never  # type: ignore[method-assign]  # the agent dies before it is answered
    await world.finish("1")
    assert world.settled("1").outcome is Outcome.SUCCEEDED
    world.host.forget = forget  # type: ignore[method-assign]
    await world.restart()
    assert world.host.forgotten == {("1", 1)}
    assert moves(world, "1") == [(State.STARTED, 1), (State.SETTLED, 1)]


async def test_reports_left_by_an_earlier_life_are_said_by_the_next(world: World) -> None:
    await world.assign(assignment("1", 1))
    await world.finish("1")
    await world.restart()
    assert moves(world, "1") == [(State.STARTED, 1), (State.SETTLED, 1)]


@pytest.mark.parametrize("turns", range(0, 40, 2))
async def test_wherever_the_agent_is_killed_each_attempt_starts_once_and_in_order(turns: int) -> None:
    world = World()
    world.start()
    world.host.script = lambda _request: How.EXITED
    assigns = [assignment(str(number), number, policy=TWICE) for number in range(1, 5)]
    for _ in range(8):
        world.inbox.assign(assigns)  # the controller sends again whatever was not acknowledged
        await world.settle(turns)
        await world.kill()
        world.start()
    world.inbox.assign(assigns)
    await world.settle(400)
    assert world.host.started() == ["1", "2", "3", "4"]
    assert len(world.host.witness) == 4
    assert {report.execution for report in world.reports() if report.state is State.SETTLED} == {"1", "2", "3", "4"}
    await world.kill()


async def test_a_result_whose_secret_fields_nobody_knows_any_more_is_left_out(world: World) -> None:
    await world.assign(assignment("1", 1))
    world.preparation.unreadable = PackUnreadable("another digest")
    await world.restart()
    await world.finish("1", body=b'{"password": "hunter2"}')
    report = world.settled("1")
    assert (report.outcome, report.result) == (Outcome.SUCCEEDED, None)


async def test_what_was_asked_and_never_started_waits_for_the_end_of_a_pause_that_came_meanwhile(world: World) -> None:
    world.host.troubles = [ExecutorUnreachable("before it was heard")]
    await world.assign(assignment("1", 1))
    world.closed = "paused: by ops"
    await world.restart()
    assert world.host.witness == []
    world.closed = ""
    world.lanes.touch_all()
    await world.settle()
    assert world.host.witness == [("1", 1)]


async def test_what_was_asked_before_a_restart_is_lost_when_another_executor_answers_before_it_is_asked_again(world: World) -> None:
    world.host.troubles = [ExecutorUnreachable("nobody knows whether it was heard")]
    await world.assign(assignment("1", 1))
    world.closed = "paused: by ops"
    await world.restart()
    world.host.replace_state()
    world.closed = ""
    world.lanes.touch_all()
    await world.settle()
    assert world.settled("1").reason is Reason.START_UNKNOWN
    assert world.host.witness == []


async def test_an_attempt_that_was_asked_for_before_a_crash_takes_its_token_anew() -> None:
    """Found by the machine: its token had been given back and spent by another one, and it started all the same."""
    world = World()
    world.start()
    rated = Policy(limit=2, rate=Rate(limit=1, per=10.0))
    world.host.troubles = [StartRefused("no room")]
    await world.assign(
        assignment("1", 1, key='"a"', rate_key="null", policy=rated), assignment("2", 1, key='"b"', rate_key="null", policy=rated)
    )
    await world.restart()
    await world.pass_time(0.3)
    assert len(world.host.witness) <= 1
    await world.pass_time(10.1)
    await world.pass_time(10.1)
    assert sorted(world.host.witness) == [("1", 1), ("2", 1)]
    await world.kill()
