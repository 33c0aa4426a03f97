"""What waits: other places at the tail, given back and asked for; paused queues; and what operators see of queues."""

import pytest

from attune_controller.store.errors import ExecutionUnknown, NotRequeueable
from attune_controller.store.port import Store
from attune_controller.store.records.executions import Step
from attune_controller.store.records.queues import Hold, QueueState
from attune_core.marks import Mark
from attune_core.states import Outcome, Reason, State
from attune_core.verification.history import Entry, HistoryJudge
from tests.controller.store.making import cancelled, event, found, given_back, held, ids, move, plan_some, queue, take


async def places(store: Store, *executions: str) -> list[int]:
    return [(await found(store, one)).sequence for one in executions]


async def state_of(store: Store) -> QueueState:
    state = await store.queue_state(queue())
    assert state is not None
    return state


async def test_what_waits_goes_to_the_tail_at_once_and_leaves_a_gap(store: Store) -> None:
    await plan_some(store, "a", "b", "c")
    again = await store.request_requeue("b")
    assert (again.sequence, again.state, again.handed) == (4, State.QUEUED, False)
    assert again == await found(store, "b")
    assert await take(store) == [("a", 0), ("c", 1), ("b", 3)]


async def test_what_is_given_back_is_handed_over_again_at_the_tail_and_attempts_go_on(store: Store) -> None:
    await plan_some(store, "a", "b")
    await take(store)
    await store.acknowledge([held(2)])
    await store.record_moves([move("a", State.STARTED)])
    (again,) = await store.record_moves([given_back("a", 1, sequence=1)])
    assert (again.sequence, again.attempt, again.state, again.handed, again.started_at) == (3, 1, State.QUEUED, False, 2000.0)
    await plan_some(store, "c")
    assert await take(store) == [("a", 2), ("c", 3)]
    (resumed,) = await store.resume_handovers("web1", [held(3)])
    assert (resumed.execution.new.id, resumed.after) == ("c", 3)


async def test_a_report_of_an_older_place_is_an_old_report(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    await store.record_moves([move("a", State.STARTED), given_back("a", 1, sequence=1)])
    await take(store)
    await store.acknowledge([held(2)])
    for old in (given_back("a", 1, sequence=1), move("a", State.PREPARING, 1), move("a", State.STARTED, 1)):
        assert await store.record_moves([old]) == []
    assert (await found(store, "a")).state is State.ASSIGNED
    await store.record_moves([move("a", State.STARTED, 2)])
    assert (await found(store, "a")).attempt == 2


async def test_until_its_back_off_is_over_it_has_no_place_and_others_pass(store: Store) -> None:
    await plan_some(store, "a", "b")
    await take(store, limit=1)
    await store.record_moves([move("a", State.STARTED)])
    (parked,) = await store.record_moves([given_back("a", 1, sequence=1, ready_at=50.0)])
    assert (parked.state, parked.ready_at) == (State.QUEUED, 50.0)
    assert await store.next_ready() == 50.0
    assert await take(store) == [("b", 1)]
    assert ids(await store.returning(queue(), limit=5)) == ["a"]
    assert ids((await store.queue_page(queue(), after=0, limit=5)).executions) == ["b"]
    assert await store.place_ready(until=49.0, limit=5) == []
    (placed,) = await store.place_ready(until=50.0, limit=5)
    assert (placed.sequence, placed.ready_at) == (3, 0.0)
    assert await store.next_ready() is None
    assert await take(store) == [("a", 2)]


async def test_the_first_to_be_ready_takes_the_first_place(store: Store) -> None:
    await plan_some(store, "a", "b", "c")
    await take(store)
    back = [given_back(one, 1, sequence=n, ready_at=at) for n, (one, at) in enumerate([("a", 30.0), ("b", 10.0), ("c", 20.0)], 1)]
    await store.record_moves(back)
    assert ids(await store.place_ready(until=99.0, limit=2)) == ["b", "c"]
    assert ids(await store.place_ready(until=99.0, limit=2)) == ["a"]
    assert await places(store, "a", "b", "c") == [6, 4, 5]


async def test_a_back_off_that_ends_too_late_to_be_true_is_over(store: Store) -> None:
    await plan_some(store, "a", "b")
    await take(store)
    await store.record_moves([given_back("a", 1, sequence=1, ready_at=5_000.0), given_back("b", 1, sequence=2, ready_at=60.0)])
    assert (await store.next_ready(beyond=5_000.0), await store.next_ready(beyond=4_999.0)) == (60.0, 0.0)
    assert ids(await store.place_ready(until=50.0, beyond=4_999.0, limit=5)) == ["a"]
    assert await store.next_ready(beyond=4_999.0) == 60.0


async def test_no_sequence_is_taken_twice_and_none_is_seen_again(store: Store) -> None:
    await plan_some(store, "a", "b")
    for _ in range(3):
        await store.request_requeue("a")
        for handover in (await store.take_handovers("web1", window=9, window_bytes=9999, limit=9)).handovers:
            one = handover.execution
            await store.record_moves([given_back(one.new.id, 0, sequence=one.sequence)])
    steps = await store.history(after=0, limit=100)
    taken = [step.sequence for step in steps if step.sequence]
    assert taken == list(range(1, len(taken) + 1))
    assert len(taken) > 10


async def test_what_is_to_be_cancelled_ends_when_it_is_given_back(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    await store.request_cancel("a", cancelled("a"))
    (ended,) = await store.record_moves([given_back("a", 0, sequence=1, ready_at=50.0)])
    assert (ended.state, ended.outcome, ended.reason) == (State.SETTLED, Outcome.CANCELLED, Reason.OPERATOR)
    assert await store.find_event("done", "a") is not None
    assert await store.next_ready() is None


async def test_one_without_a_place_can_be_cancelled(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    await store.record_moves([given_back("a", 1, sequence=1, ready_at=50.0)])
    ended = await store.request_cancel("a", move("a", State.SETTLED))
    assert ended.state is State.SETTLED
    assert await store.next_ready() is None
    assert await store.queue_state(queue()) is None


async def test_an_agent_is_asked_until_it_gives_back_or_has_started(store: Store) -> None:
    await plan_some(store, "a", "b")
    await take(store)
    for one in ("a", "b"):
        assert (await store.request_requeue(one)).requeuing
    assert ids(await store.asked_back("web1")) == ["a", "b"]
    await store.record_moves([move("a", State.PREPARING), move("b", State.PREPARING)])
    # An operator's requeue waits for no back-off, and a preparation that did not come to a start is no attempt.
    await store.record_moves([given_back("a", 0, sequence=1, ready_at=50.0), move("b", State.STARTED)])
    assert await store.asked_back("web1") == []
    again = await found(store, "a")
    assert (again.sequence, again.ready_at, again.attempt, again.requeuing) == (3, 0.0, 0, False)


async def test_an_attempt_that_started_is_made_whatever_the_agent_says(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    await store.record_moves([move("a", State.STARTED)])
    (again,) = await store.record_moves([given_back("a", 0, sequence=1)])
    assert again.attempt == 1


async def test_what_has_no_place_to_leave_is_refused_with_what_else_to_do(store: Store) -> None:
    await plan_some(store, "started", "settled", "cancelling", "again")
    await take(store)
    await store.record_moves([move("started", State.STARTED), move("settled", State.SETTLED)])
    await store.request_cancel("cancelling", cancelled("cancelling"))
    await plan_some(store, "nowhere", agent="")
    hints = {"started": "execution cancel", "settled": "action run", "cancelling": "nothing to do", "nowhere": "agent list"}
    for execution, hint in hints.items():
        with pytest.raises(NotRequeueable) as refused:
            await store.request_requeue(execution)
        assert hint in refused.value.hint
    with pytest.raises(ExecutionUnknown):
        await store.request_requeue("never")
    await store.record_moves([given_back("again", 1, sequence=4, ready_at=50.0)])
    assert (await store.request_requeue("again")).ready_at == 50.0


async def test_a_move_for_what_nobody_has_does_nothing_to_what_an_agent_has(store: Store) -> None:
    await plan_some(store, "a", "b")
    await take(store, limit=1)
    ends = [move(one, State.SETTLED, 0, unhanded=True) for one in ("a", "b")]
    assert ids(await store.record_moves(ends)) == ["b"]


async def test_holds_are_kept_with_the_event_that_tells_of_them(store: Store) -> None:
    whole = Hold(action="web.restart", key=None, mark=Mark(note="release", by="ops", since=5.0))
    one = Hold(action="web.restart", key='"x"', mark=Mark(note="odd", by="ops", since=6.0))
    for name, hold in (("1", one), ("2", whole)):
        await store.put_hold(hold, event(name, source="attune:operators"))
    assert await store.queue_holds() == [whole, one]
    await store.lift_hold("web.restart", None, event("3", source="attune:operators"))
    assert await store.queue_holds() == [one]
    assert [await store.find_event("attune:operators", name) is not None for name in "123"] == [True] * 3


async def test_queues_are_listed_by_action_key_and_place_with_what_is_in_them(store: Store) -> None:
    await plan_some(store, "a", "b", "c", "d")
    await plan_some(store, "x", agent="web2", key='"x"')
    await plan_some(store, "p", agent="web3", action="db.dump")
    await take(store, limit=2)
    await store.record_moves([move("a", State.STARTED), given_back("b", 1, sequence=2, ready_at=9.0)])
    states = await store.queue_states(after=0, limit=9)
    assert [(one.queue.action, one.queue.key, one.queue.place) for one in states] == [
        ("db.dump", "null", "web3"),
        ("web.restart", '"x"', "web2"),
        ("web.restart", "null", "web1"),
    ]
    last = await state_of(store)
    assert last == states[2]
    assert (last.waiting, last.unstarted, last.unsettled, last.returning) == (2, 0, 4, 1)
    assert last.head == await found(store, "a")
    assert await store.queue_states(after=states[0].id, limit=1) == [states[1]]
    assert await store.queue_states(after=0, limit=9, place="web2") == [states[1]]
    assert await store.queue_states(after=0, limit=9, action="db.dump") == [states[0]]
    assert await store.queue_state(queue("web9")) is None


async def test_a_page_of_a_queue_says_how_many_stand_before_it(store: Store) -> None:
    await plan_some(store, *"abcde")
    await store.request_cancel("b", cancelled("b"))
    await store.request_requeue("a")
    first = await store.queue_page(queue(), after=0, limit=2)
    assert (first.before, ids(first.executions)) == (0, ["c", "d"])
    second = await store.queue_page(queue(), after=first.executions[-1].sequence, limit=5)
    assert (second.before, ids(second.executions)) == (2, ["e", "a"])
    assert ids((await store.queue_page(queue("web9"), after=0, limit=5)).executions) == []


async def test_what_may_expire_is_what_nobody_has_and_no_attempt_was_made_of(store: Store) -> None:
    await plan_some(store, "handed", "waits", "tried")
    await plan_some(store, "nowhere", agent="")
    await plan_some(store, "other", agent="web2", action="db.dump")
    await take(store, limit=1)
    await store.request_requeue("waits")
    await store.take_handovers("web1", window=9, window_bytes=9999, limit=1)
    await store.record_moves([given_back("tried", 1, sequence=3)])
    assert await store.oldest_unhanded(["web.restart", "db.dump", "web.none"]) == {"web.restart": 1002.0, "db.dump": 1002.0}
    assert ids(await store.unhanded("web.restart", until=1002.0, limit=9)) == ["waits", "nowhere"]
    assert await store.unhanded("web.restart", until=1001.0, limit=9) == []


async def test_a_judge_of_order_finds_nothing_wrong_with_other_places(store: Store) -> None:
    await plan_some(store, "a", "b", "c")
    await take(store)
    await store.record_moves([move("a", State.STARTED), given_back("a", 1, sequence=1, ready_at=5.0)])
    await store.record_moves([move("b", State.STARTED), move("b", State.SETTLED)])
    await store.request_requeue("c")
    await store.record_moves([given_back("c", 0, sequence=3)])
    await plan_some(store, "d")
    await store.place_ready(until=9.0, limit=9)
    assert await take(store) == [("c", 3), ("d", 4), ("a", 5)]
    for execution, attempt in (("c", 1), ("d", 1), ("a", 2)):
        await store.record_moves([move(execution, State.STARTED, attempt), move(execution, State.SETTLED, attempt)])
    judge = HistoryJudge(lambda _action: 1)
    steps = await store.history(after=0, limit=100)
    assert [violation for step in steps for violation in judge.take(entry(step))] == []
    assert (judge.executions, judge.unsettled) == (4, 0)
    assert [step.sequence for step in steps if step.number == 1] == [1, 1, 0, 6, 6, 6]


def entry(step: Step) -> Entry:
    return Entry(
        n=step.n,
        number=step.number,
        execution=step.execution,
        event=step.event,
        action="web.restart",
        queue=step.queue.place if step.queue else "",
        position=(step.epoch, step.sequence),
        state=step.state,
        attempt=step.attempt,
        outcome=step.outcome,
    )


async def test_the_deepest_queues_come_first(store: Store) -> None:
    await plan_some(store, "a", "b")
    (deepest,) = await store.deepest_queues(limit=9)
    assert (deepest.queue, deepest.unsettled, deepest.head is not None) == (queue(), 2, True)
    assert (await store.counts()).queues == 1
    assert await store.deepest_queues(limit=0) == []
