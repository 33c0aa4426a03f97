"""Order, limits, slots and fairness, judged by the witness of the host: which attempts it really started, and when."""

import asyncio
import itertools
from dataclasses import replace

import pytest

from attune_core.states import Outcome, Reason, State
from attune_core.wire.assignment import Policy, Rate, Retry
from tests.agent.assignments import assignment
from tests.agent.world import QUEUE, World

RETRYING = Policy(retry=Retry(maximum_attempts=3, after=(Outcome.FAILED,), initial_interval=5.0, maximum_interval=60.0))


async def test_with_limit_one_each_starts_after_the_end_of_the_one_before(world: World) -> None:
    await world.assign(*[assignment(str(number), number) for number in range(1, 6)])
    for number in range(1, 6):
        assert world.host.started() == [str(one) for one in range(1, number + 1)]
        await world.finish(str(number))
    assert not world.host.running


async def test_with_limit_three_at_most_three_run_and_they_start_in_order(world: World) -> None:
    await world.assign(*[assignment(str(number), number, policy=Policy(limit=3)) for number in range(1, 8)])
    assert world.host.started() == ["1", "2", "3"]
    await world.finish("2")
    assert world.host.started() == ["1", "2", "3", "4"]
    await world.finish("4")
    await world.finish("1")
    assert world.host.started() == ["1", "2", "3", "4", "5", "6"]


async def test_a_later_one_never_starts_while_an_earlier_one_is_being_prepared(world: World) -> None:
    world.preparation.gates["1"] = asyncio.Event()
    await world.assign(*[assignment(str(number), number, policy=Policy(limit=3)) for number in range(1, 4)])
    assert world.host.started() == []
    world.preparation.gates["1"].set()
    await world.settle()
    assert world.host.started() == ["1", "2", "3"]


async def test_queues_are_independent_of_each_other(world: World) -> None:
    await world.assign(assignment("a1", 1), assignment("a2", 2), assignment("b1", 1, key='"b"'), assignment("c1", 1, action="db.dump"))
    assert sorted(world.host.started()) == ["a1", "b1", "c1"]


async def test_slots_bound_what_runs_on_the_host(world: World) -> None:
    world.slots = 2
    await world.kill()
    world.start()
    await world.assign(*[assignment(key, 1, key=f'"{key}"') for key in "abcd"])
    assert len(world.host.running) == 2
    await world.finish(world.host.started()[0])
    assert len(world.host.started()) == 3


async def test_a_backlog_of_one_queue_does_not_delay_another_one() -> None:
    world = World(slots=1)
    world.start()
    await world.assign(*[assignment(f"a{number}", number, policy=Policy(limit=50)) for number in range(1, 51)])
    await world.assign(assignment("b1", 1, key='"b"'), assignment("b2", 2, key='"b"'))
    for _ in range(4):
        await world.finish(world.host.running[0][0])
    # One slot, two queues: they take turns, whatever stands behind their heads.
    kinds = [execution[0] for execution in world.host.started()]
    assert kinds.index("b") <= 2
    assert kinds.count("b") == 2
    await world.kill()


async def test_heads_share_the_slots_in_turns() -> None:
    world = World(slots=1)
    world.start()
    names = ["a", "b", "c"]
    await world.assign(*[assignment(f"{name}{number}", number, key=f'"{name}"') for name in names for number in range(1, 5)])
    for _ in range(12):
        await world.finish(world.host.running[0][0])
    order = [execution[0] for execution in world.host.started()]
    assert all(set(order[start : start + 3]) == set(names) for start in range(0, 12, 3))
    await world.kill()


async def test_a_retry_keeps_its_place_and_later_ones_wait_during_the_pause(world: World) -> None:
    await world.assign(assignment("1", 1, policy=RETRYING), assignment("2", 2, policy=RETRYING))
    await world.finish("1", code=1)
    await world.pass_time(4.9)
    assert world.host.witness == [("1", 1)]
    await world.pass_time(0.2)
    assert world.host.witness == [("1", 1), ("1", 2)]
    await world.finish("1", attempt=2)
    assert world.host.witness == [("1", 1), ("1", 2), ("2", 1)]
    assert world.settled("1").outcome is Outcome.SUCCEEDED
    assert world.settled("1").attempt == 2


async def test_pauses_grow_and_the_last_attempt_settles(world: World) -> None:
    await world.assign(assignment("1", 1, policy=RETRYING))
    for attempt, pause in ((1, 5.0), (2, 10.0)):
        await world.finish("1", attempt, code=3)
        await world.pass_time(pause - 0.1)
        assert ("1", attempt + 1) not in world.host.witness
        await world.pass_time(0.2)
    await world.finish("1", 3, code=3)
    report = world.settled("1")
    assert (report.outcome, report.reason, report.attempt, report.exit_code) == (Outcome.FAILED, Reason.EXIT_CODE, 3, 3)


async def test_a_retry_is_reported_as_preparing_under_its_next_number(world: World) -> None:
    await world.assign(assignment("1", 1, policy=RETRYING))
    await world.finish("1", code=3)
    moves = [(report.state, report.attempt) for report in world.reports("1")]
    assert moves == [(State.STARTED, 1), (State.PREPARING, 2)]


async def test_with_limit_two_a_pause_leaves_the_other_place_free(world: World) -> None:
    policy = RETRYING.model_copy(update={"limit": 2})
    await world.assign(*[assignment(str(number), number, policy=policy) for number in range(1, 5)])
    await world.finish("1", code=1)
    assert world.host.started() == ["1", "2"]
    await world.finish("2")
    assert world.host.started() == ["1", "2", "3"]
    assert len(world.host.running) == 1


async def test_a_lowered_limit_ends_nothing_and_holds_later_starts(world: World) -> None:
    await world.assign(*[assignment(str(number), number, policy=Policy(limit=3)) for number in range(1, 6)])
    world.inbox.activate("r2", {"web.restart": Policy(limit=1)})
    await world.settle()
    assert len(world.host.running) == 3
    await world.finish("1")
    await world.finish("2")
    assert world.host.started() == ["1", "2", "3"]
    await world.finish("3")
    assert world.host.started() == ["1", "2", "3", "4"]


async def test_a_raised_limit_starts_the_next_ones_at_once(world: World) -> None:
    await world.assign(*[assignment(str(number), number) for number in range(1, 5)])
    world.inbox.activate("r2", {"web.restart": Policy(limit=3)})
    await world.settle()
    assert world.host.started() == ["1", "2", "3"]


async def test_nothing_starts_while_starts_are_closed_and_the_reason_is_kept(world: World) -> None:
    world.closed = "drained"
    await world.assign(assignment("1", 1))
    assert world.host.started() == []
    assert world.lanes.status(limit=10)[0].waiting_for == "drained"
    world.closed = ""
    world.lanes.touch_all()
    await world.settle()
    assert world.host.started() == ["1"]


async def test_each_head_says_why_it_waits(world: World) -> None:
    world.slots = 1
    await world.kill()
    world.start()
    await world.assign(assignment("1", 1, policy=RETRYING), assignment("2", 2))
    await world.assign(assignment("b", 1, key='"b"'))
    said = {status.queue.key: status for status in world.lanes.status(limit=10)}
    assert said["null"].depth == 2
    assert "limit 1" in said["null"].waiting_for
    assert said['"b"'].waiting_for == "a free slot (1 of 1 busy)"
    await world.finish("1", code=1)
    assert "attempt 1 failed (exit_code)" in {status.queue.key: status for status in world.lanes.status(limit=10)}["null"].waiting_for


async def test_a_queue_names_what_waits_until_when_and_what_takes_its_slots(world: World) -> None:
    begun = world.clock.now()
    await world.assign(assignment("1", 1, policy=RETRYING), assignment("2", 2))
    [said] = world.lanes.status(limit=10)
    assert (said.head, said.until, [(one.execution, one.since) for one in said.under_way]) == ("2", 0.0, [("1", begun)])
    await world.finish("1", code=1)
    [said] = world.lanes.status(limit=10)
    assert said.head == "1"
    assert said.until == pytest.approx(world.clock.now() + 5.0)
    assert not said.under_way


async def test_a_defect_in_one_attempt_holds_its_queue_and_no_other(world: World) -> None:
    defect = ZeroDivisionError("a defect")
    world.preparation.troubles["1"] = [defect]  # type: ignore[list-item]  # what nobody foresaw
    await world.assign(assignment("1", 1), assignment("2", 2), assignment("b", 1, key='"b"'))
    assert world.host.started() == ["b"]
    await world.pass_time(31.0)
    assert world.host.started() == ["b", "1"]
    assert world.fifo.waiting(QUEUE)


async def test_what_runs_when_a_defect_comes_keeps_its_slot_and_is_attached_to_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(world.host, "wait", _defective)
        await world.assign(assignment("1", 1), assignment("2", 2))
    await world.finish("1")
    assert (world.host.started(), world.lanes.busy) == (["1"], 1)
    await world.pass_time(31.0)
    assert world.settled("1").outcome is Outcome.SUCCEEDED
    assert world.host.witness == [("1", 1), ("2", 1)]


async def test_a_defect_after_the_end_was_stored_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.host, "forget", _defective)
    await world.assign(assignment("1", 1), assignment("2", 2))
    await world.finish("1")
    assert world.settled("1").outcome is Outcome.SUCCEEDED
    assert world.host.witness == [("1", 1), ("2", 1)]


async def test_of_what_was_never_stored_no_further_attempt_is_promised(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> asyncio.Future[int]:
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        answer.set_exception(KeyError("1"))
        return answer

    monkeypatch.setattr(world.state, "put_off", missing)
    await world.assign(assignment("1", 1, policy=RETRYING))
    await world.finish("1", code=1)
    await world.pass_time(61.0)
    assert [one.attempt for one in world.reports("1")] == [1] * len(world.reports("1"))
    assert world.host.witness == [("1", 1)]


async def test_what_is_gone_does_not_come_back_by_a_move_that_is_late(world: World) -> None:
    await world.assign(assignment("1", 1))
    late = world.fifo.item("1")
    assert late is not None
    await world.finish("1")
    world.inbox._ledger.hold(late, seconds=0.0, note="late")
    await world.settle()
    assert world.fifo.item("1") is None
    assert world.host.witness == [("1", 1)]


async def _defective(*_: object) -> None:
    raise ZeroDivisionError("a defect")


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_two_hundred_executions_with_failures_keep_their_order(limit: int) -> None:
    world = World(slots=8)
    world.start()
    policy = Policy(limit=limit, retry=Retry(maximum_attempts=3, after=(Outcome.FAILED,), initial_interval=1.0))
    names = [str(number) for number in range(1, 201)]
    await world.assign(*[assignment(name, number, policy=policy) for number, name in enumerate(names, 1)])
    failing = {name for name in names if int(name) % 10 == 0}
    for _ in itertools.count():
        running = world.host.running
        if not running and not len(world.fifo):
            break
        for execution, attempt in running:
            assert len(world.host.running) <= limit
            await world.finish(execution, attempt, code=1 if attempt == 1 and execution in failing else 0)
        await world.pass_time(1.1)
    assert world.host.started() == names
    assert sorted(world.host.started(attempt=2), key=int) == sorted(failing, key=int)
    assert len(world.host.witness) == len(set(world.host.witness))
    await world.kill()


async def test_a_defect_in_a_withdrawal_holds_nobody_else(world: World) -> None:
    async def fail(_execution: str, _reason: Reason) -> None:
        raise ZeroDivisionError

    world.withdrawals.withdraw = fail  # type: ignore[method-assign,assignment]  # what nobody foresaw
    await world.assign(*[assignment(str(number), number, policy=Policy(when_busy="skip")) for number in (1, 2)])
    await world.assign(assignment("b", 1, key='"b"'))
    assert sorted(world.host.started()) == ["1", "b"]


async def test_what_is_begun_while_the_lanes_end_is_left_for_the_next_life(world: World) -> None:
    world.closed = "not yet"
    await world.assign(assignment("1", 1))
    world.closed = ""
    world.task.cancel()
    world.lanes.touch(QUEUE)
    await world.settle()
    assert world.host.witness == []
    await world.restart()
    assert world.host.witness == [("1", 1)]


async def test_a_queue_whose_running_head_cannot_be_ended_says_so(world: World) -> None:
    await world.assign(assignment("1", 1), assignment("2", 2))
    running = world.fifo.item("1")
    assert running is not None
    world.fifo.replace(replace(running, note="kill_failed: a process of attempt 1 cannot be ended"))
    assert world.lanes.status(limit=1)[0].waiting_for.startswith("kill_failed")


async def test_a_queue_whose_last_token_another_one_has_taken_looks_again_in_time(world: World) -> None:
    policy = Policy(rate=Rate(limit=1, per=10.0))
    await world.assign(*[assignment(name, 1, key=f'"{name}"', rate_key="null", policy=policy) for name in ("a", "b")])
    assert world.host.started() == ["a"]
    assert world.lanes.status(limit=2)[1].waiting_for == "rate 1 per 10s: next start in 10s"
    await world.pass_time(10.1)
    assert world.host.started() == ["a", "b"]
