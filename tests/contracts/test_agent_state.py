"""What every AgentState promises, on disk and in memory; a stub that passes the same suite cannot lie."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from attune_agent.errors import StateUnwritable
from attune_agent.rate import BucketKey
from attune_agent.state.memory import Disk, MemoryState
from attune_agent.state.port import AgentState
from attune_agent.state.records import Held, Loaded, OutboxRow, Phase, QueueKey, Spent, report_text
from attune_agent.state.sqlite import SqliteState
from attune_core.marks import Mark
from attune_core.states import Outcome, Reason, State
from attune_core.wire.agent_frames import Report
from attune_core.wire.assignment import Policy, Retry
from attune_core.wire.stream_frames import HoldQueue
from tests.agent.assignments import assignment

Open = Callable[[], AgentState]


@pytest.fixture(params=["memory", "sqlite"])
async def open_state(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Open the same state again and again: each time is a restart; the one before is closed by the test."""
    disk = Disk(instance="first")
    opened: list[AgentState] = []

    def open_it() -> AgentState:
        number = f"life{len(opened)}"
        state = MemoryState(disk) if request.param == "memory" else SqliteState(tmp_path / "agent.sqlite", instance=number)
        opened.append(state)
        return state

    yield open_it
    for state in opened:
        await state.close()


async def reopened(open_state: Open, state: AgentState) -> Loaded:
    await state.close()
    return open_state().load()


def report(execution: str, state: State = State.SETTLED, outcome: Outcome | None = Outcome.SUCCEEDED) -> Report:
    return Report(execution=execution, attempt=1, state=state, outcome=outcome, at=1.0)


async def test_a_new_state_is_empty_and_has_an_instance(open_state: Open) -> None:
    loaded = open_state().load()
    assert loaded.instance
    assert (loaded.session, loaded.held, loaded.items, loaded.outbox, loaded.revision) == ("", [], [], [], "")


async def test_the_instance_outlives_a_restart(open_state: Open) -> None:
    state = open_state()
    first = state.load().instance
    assert (await reopened(open_state, state)).instance == first


async def test_appended_executions_come_back_in_their_order_and_move_the_last_of_their_queue(open_state: Open) -> None:
    state = open_state()
    await state.append([assignment("a", 1), assignment("b", 2), assignment("k", 1, key='"x"')])
    await state.append([assignment("c", 3)])
    loaded = await reopened(open_state, state)
    assert [item.execution for item in loaded.items if item.queue.key == "null"] == ["a", "b", "c"]
    assert Held(queue=QueueKey("web1", "web.restart", "null"), epoch=0, last=3) in loaded.held
    assert Held(queue=QueueKey("web1", "web.restart", '"x"'), epoch=0, last=1) in loaded.held
    assert all(item.phase is Phase.WAITING and item.attempt == 1 and not item.ever_started for item in loaded.items)


async def test_nothing_of_a_call_is_stored_when_one_execution_leaves_a_gap(open_state: Open) -> None:
    state = open_state()
    await state.append([assignment("a", 1)])
    with pytest.raises(StateUnwritable):
        await state.append([assignment("k", 1, key='"x"'), assignment("c", 3)])
    loaded = await reopened(open_state, state)
    assert [item.execution for item in loaded.items] == ["a"]
    assert [held.last for held in loaded.held] == [1]


async def test_epochs_of_one_queue_are_counted_apart(open_state: Open) -> None:
    state = open_state()
    await state.append([assignment("a", 7, after=0)])
    await state.append([assignment("b", 2, epoch=1, after=0)])
    loaded = await reopened(open_state, state)
    assert {(held.epoch, held.last) for held in loaded.held} == {(0, 7), (1, 2)}
    assert [item.execution for item in loaded.items] == ["a", "b"]


async def test_a_body_comes_back_as_it_was_assigned_and_large_ones_are_not_loaded_into_memory(open_state: Open) -> None:
    state = open_state()
    large = assignment("a", 1, text="é" * 100_000)
    await state.append([large])
    loaded = await reopened(open_state, state)
    assert loaded.items[0].policy == large.policy


async def test_the_body_of_what_is_not_in_hand_is_a_key_error(open_state: Open) -> None:
    state = open_state()
    with pytest.raises(KeyError):
        await state.body("nobody")


async def test_which_executor_was_asked_and_that_it_started_outlive_a_restart(open_state: Open) -> None:
    state = open_state()
    await state.append([assignment("a", 1)])
    await state.mark_asked("a", 1, state_id="journal", life="first")
    asked = (await reopened(open_state, state)).items[0]
    assert (asked.phase, asked.state_id, asked.life, asked.ever_started) == (Phase.ASKED, "journal", "first", False)


async def test_a_start_is_stored_with_its_report(open_state: Open) -> None:
    state = open_state()
    await state.append([assignment("a", 1)])
    text = report_text(report("a", State.STARTED, None))
    number = await state.mark_started("a", 1, text)
    loaded = await reopened(open_state, state)
    assert (loaded.items[0].phase, loaded.items[0].ever_started) == (Phase.STARTED, True)
    assert loaded.outbox == [OutboxRow(number, text)]


async def test_moving_what_is_not_in_hand_is_a_key_error_and_leaves_no_report(open_state: Open) -> None:
    state = open_state()
    text = report_text(report("a"))
    for written in (
        state.mark_asked("a", 1, state_id="s", life="l"),
        state.mark_started("a", 1, text),
        state.let_go("a", text),
        state.mark_cancel("a", Reason.OPERATOR),
        state.put_off("a", attempt=2, excused=0, not_before=1.0, report=text),
    ):
        with pytest.raises(KeyError):
            await written
    assert (await reopened(open_state, state)).outbox == []


async def test_settling_lets_go_of_the_execution_and_keeps_its_report_and_its_place(open_state: Open) -> None:
    state = open_state()
    await state.append([assignment("a", 1), assignment("b", 2)])
    text = report_text(report("a"))
    await state.let_go("a", text)
    loaded = await reopened(open_state, state)
    assert [item.execution for item in loaded.items] == ["b"]
    assert [row.report for row in loaded.outbox] == [text]
    assert loaded.held[0].last == 2


async def test_a_put_off_attempt_keeps_number_time_and_place(open_state: Open) -> None:
    state = open_state()
    await state.append([assignment("a", 1), assignment("b", 2)])
    await state.mark_asked("a", 1, state_id="s", life="l")
    assert await state.put_off("a", attempt=2, excused=1, not_before=123.5, report=None) == 0
    first = (await reopened(open_state, state)).items[0]
    assert (first.execution, first.attempt, first.excused, first.not_before, first.phase) == ("a", 2, 1, 123.5, Phase.WAITING)
    assert (first.state_id, first.life) == ("", "")


async def test_a_cancellation_outlives_a_restart(open_state: Open) -> None:
    state = open_state()
    await state.append([assignment("a", 1)])
    await state.mark_cancel("a", Reason.SUPERSEDED)
    assert (await reopened(open_state, state)).items[0].cancel is Reason.SUPERSEDED


async def test_report_numbers_grow_and_acknowledged_ones_are_gone(open_state: Open) -> None:
    state = open_state()
    await state.append([assignment(str(number), number) for number in range(1, 5)])
    numbers = [await state.let_go(str(number), report_text(report(str(number)))) for number in range(1, 5)]
    assert numbers == sorted(set(numbers))
    await state.drop_reports(numbers[1])
    loaded = await reopened(open_state, state)
    assert [row.number for row in loaded.outbox] == numbers[2:]


async def test_numbers_go_on_after_a_restart_with_reports_left(open_state: Open) -> None:
    state = open_state()
    number = await state.add_report(report_text(report("a", State.PREPARING, None)))
    await state.close()
    again = open_state()
    again.load()
    assert await again.add_report(report_text(report("b", State.PREPARING, None))) > number


async def test_policies_are_replaced_as_a_whole(open_state: Open) -> None:
    state = open_state()
    await state.set_policies("one", {"web.restart": Policy(limit=2), "web.stop": Policy()})
    await state.set_policies("two", {"web.restart": Policy(limit=3, retry=Retry(maximum_attempts=4, after=(Outcome.LOST,)))})
    loaded = await reopened(open_state, state)
    assert loaded.revision == "two"
    assert loaded.policies == {"web.restart": Policy(limit=3, retry=Retry(maximum_attempts=4, after=(Outcome.LOST,)))}


async def test_the_session_is_remembered(open_state: Open) -> None:
    state = open_state()
    await state.set_session("s-1")
    assert (await reopened(open_state, state)).session == "s-1"


async def test_writes_enqueued_together_keep_the_order_of_the_calls(open_state: Open) -> None:
    state = open_state()
    appended = state.append([assignment("a", 1)])
    started = state.mark_started("a", 1, report_text(report("a", State.STARTED, None)))
    settled = state.let_go("a", report_text(report("a")))
    await appended
    assert await started < await settled
    assert [row.number for row in (await reopened(open_state, state)).outbox] == [await started, await settled]


async def test_an_age_at_arrival_and_the_attempt_to_make_outlive_a_restart(open_state: Open) -> None:
    state = open_state()
    await state.append([assignment("a", 1, age=30.0, attempt=3), assignment("b", 2, rate_key='"x"')], now=1000.0)
    first, second = (await reopened(open_state, state)).items
    assert (first.accepted, first.attempt, first.bucket) == (970.0, 3, BucketKey("web.restart", "null"))
    assert (second.accepted, second.attempt, second.bucket) == (1000.0, 1, BucketKey("web.restart", '"x"'))


async def test_what_a_start_costs_is_stored_with_who_is_asked_and_full_buckets_are_forgotten(open_state: Open) -> None:
    state = open_state()
    await state.append([assignment("a", 1), assignment("b", 2)])
    first, second = (
        Spent(BucketKey("web.restart", key), full_at=full, now=now) for key, full, now in (("1", 20.0, 10.0), ("2", 50.0, 30.0))
    )
    await state.mark_asked("a", 1, state_id="s", life="l", spent=first)
    with pytest.raises(KeyError):
        await state.mark_asked("z", 1, state_id="s", life="l", spent=second)
    await state.close()
    state = open_state()
    assert state.load().buckets == [first]
    await state.mark_asked("b", 1, state_id="s", life="l", spent=second)
    assert (await reopened(open_state, state)).buckets == [second]


async def test_paused_queues_are_replaced_as_a_whole(open_state: Open) -> None:
    state = open_state()
    hold = HoldQueue(action="web.restart", key=None, mark=Mark(note="migration", by="ops", since=1.0))
    await state.set_holds([hold, hold.model_copy(update={"key": "null"})])
    await state.set_holds([hold])
    assert (await reopened(open_state, state)).holds == (hold,)
