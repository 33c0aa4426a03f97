"""Queues: handed over in order and fairly, again after a hello, acknowledged once."""

from attune_controller.store.port import Store
from attune_controller.store.records.agents import Held
from attune_controller.store.records.executions import QueueKey
from attune_core.states import State
from tests.controller.store.making import (
    WINDOW,
    WINDOW_BYTES,
    cancelled,
    event,
    found,
    held,
    move,
    plan,
    plan_some,
    queue,
    request,
    take,
)


async def resume(store: Store, *said: Held, agent: str = "web1") -> list[tuple[str, int]]:
    return [(handover.execution.new.id, handover.after) for handover in await store.resume_handovers(agent, said)]


async def test_an_agent_that_has_forgotten_an_idle_queue_gets_the_next_with_a_chain_from_nothing(store: Store) -> None:
    await plan_some(store, "a", "b")
    await take(store)
    await store.acknowledge([held(2)])
    await store.record_moves([move("a", State.SETTLED), move("b", State.SETTLED)])
    await plan_some(store, "c")
    assert await store.resume_handovers("web1", []) == []
    assert await take(store) == [("c", 0)]


async def test_executions_are_handed_over_in_sequence_each_after_the_one_before(store: Store) -> None:
    await plan_some(store, "a", "b", "c")
    taken = (await store.take_handovers("web1", window=WINDOW, window_bytes=WINDOW_BYTES, limit=2)).handovers
    assert [(handover.execution.sequence, handover.after) for handover in taken] == [(1, 0), (2, 1)]
    assert all(handover.execution.handed and handover.execution.state is State.QUEUED for handover in taken)
    assert taken[0].execution == await found(store, "a")
    assert await take(store) == [("c", 2)]
    assert await take(store) == []
    await plan_some(store, "d")
    assert await take(store) == [("d", 3)]
    assert await take(store, "web2") == []


async def test_after_skips_what_was_cancelled_before_its_hand_over(store: Store) -> None:
    await plan_some(store, "a", "b", "c", "d")
    await store.request_cancel("a", cancelled("a"))
    await store.request_cancel("c", cancelled("c"))
    assert await take(store) == [("b", 0), ("d", 2)]


async def test_a_window_counts_what_is_handed_over_and_not_started(store: Store) -> None:
    await plan_some(store, *"abcdefg")
    assert await take(store, window=3) == [("a", 0), ("b", 1), ("c", 2)]
    assert await take(store, window=3) == []
    await store.acknowledge([held(2)])
    assert await take(store, window=3) == []
    await store.record_moves([move("a", State.PREPARING)])
    assert await take(store, window=3) == []
    await store.record_moves([move("a", State.STARTED)])
    assert await take(store, window=3) == [("d", 3)]
    await store.record_moves([move("b", State.SETTLED, 0)])
    assert await take(store, window=3) == [("e", 4)]
    await store.record_moves([move("a", State.PREPARING, 2)])
    assert await take(store, window=3) == []
    await store.record_moves([move("c", State.SETTLED, 0), move("a", State.SETTLED, 2)])
    assert await take(store, window=3) == [("f", 5)]


async def test_a_window_counts_the_bytes_of_inputs_and_one_too_large_goes_alone(store: Store) -> None:
    position = (await store.accept_event(event("1"))).position
    sizes = {"a": 400, "b": 400, "c": 5000, "d": 10, "e": 10}
    await store.record_plans([plan(position, *(request(name, position, unit="x" * size) for name, size in sizes.items()))])
    assert await take(store, window_bytes=1000) == [("a", 0), ("b", 1)]
    await store.record_moves([move("a", State.STARTED)])
    assert await take(store, window_bytes=1000) == []
    await store.record_moves([move("b", State.STARTED)])
    assert await take(store, window_bytes=1000) == [("c", 2)]
    assert await take(store, window_bytes=1000) == []
    await store.record_moves([move("c", State.SETTLED)])
    assert await take(store, window_bytes=1000) == [("d", 3), ("e", 4)]


async def test_bytes_are_counted_as_they_are_sent_not_as_characters(store: Store) -> None:
    position = (await store.accept_event(event("1"))).position
    await store.record_plans([plan(position, *(request(name, position, unit="€" * 300) for name in "ab"))])
    assert await take(store, window_bytes=1000) == [("a", 0)]


async def test_queues_take_turns_and_none_starves(store: Store) -> None:
    position = (await store.accept_event(event("1"))).position
    wanted = [request(f"{key}{number}", position, key=f'"{key}"') for key in "xyz" for number in range(1, 4)]
    await store.record_plans([plan(position, *wanted)])
    assert await take(store, limit=4) == [("x1", 0), ("y1", 0), ("z1", 0), ("x2", 1)]
    assert await take(store, limit=1) == [("y2", 1)]
    assert await take(store, limit=2) == [("z2", 1), ("x3", 2)]
    assert await take(store, limit=9) == [("y3", 2), ("z3", 2)]


async def test_a_long_queue_does_not_hold_up_a_short_one(store: Store) -> None:
    position = (await store.accept_event(event("1"))).position
    long = [request(f"long{number}", position) for number in range(200)]
    await store.record_plans([plan(position, *long, request("short", position, action="web.check"))])
    assert ("short", 0) in await take(store, limit=2)
    assert len(await take(store, window=64, limit=1000)) == 63
    await plan_some(store, "late", action="web.check")
    assert await take(store, window=64, limit=1000) == [("late", 1)]


async def test_a_full_queue_among_many_does_not_use_up_the_places_of_the_others(store: Store) -> None:
    position = (await store.accept_event(event("1"))).position
    many = [request(f"{key}{number}", position, key=f'"{key}"', unit="x" * 600) for key in "pqrs" for number in range(2)]
    await store.record_plans([plan(position, *many)])
    assert len(await take(store, window_bytes=1000, limit=4)) == 4
    await plan_some(store, "free", key='"zzz"')
    assert await take(store, window_bytes=1000, limit=1) == [("free", 0)]


async def test_nothing_is_taken_without_a_window_or_a_limit(store: Store) -> None:
    await plan_some(store, "a")
    assert await take(store, window=0) == []
    assert await take(store, limit=0) == []
    assert await take(store) == [("a", 0)]


async def test_an_acknowledgement_assigns_everything_up_to_it_once(store: Store) -> None:
    await plan_some(store, "a", "b", "c", "d")
    other = queue(action="web.check")
    await plan_some(store, "x", action="web.check")
    await take(store, limit=4)
    assert await store.acknowledge([held(2), held(0, other), held(9, queue("nobody"))]) == ["a", "b"]
    assert await store.acknowledge([held(2)]) == []
    assert (await found(store, "b")).state is State.ASSIGNED
    assert (await found(store, "c")).state is State.QUEUED
    assert await store.acknowledge([held(2**70), held(2**70, other)]) == ["c", "x"]
    assert (await found(store, "d")).state is State.QUEUED
    assert await store.acknowledge([held(9, epoch=1)]) == []


async def test_after_a_hello_what_is_held_is_assigned_and_the_rest_comes_again(store: Store) -> None:
    await plan_some(store, "a", "b", "c", "d")
    await take(store, limit=3)
    assert await resume(store, held(1)) == [("b", 1), ("c", 2)]
    assert (await found(store, "a")).state is State.ASSIGNED
    assert await resume(store, held(1)) == [("b", 1), ("c", 2)]
    assert await resume(store, held(3)) == []
    assert (await found(store, "c")).state is State.ASSIGNED
    assert await take(store) == [("d", 3)]


async def test_a_queue_that_the_agent_does_not_mention_begins_at_zero(store: Store) -> None:
    await plan_some(store, "a", "b")
    await plan_some(store, "x", action="web.check")
    await plan_some(store, "other", agent="web2")
    await take(store)
    await take(store, "web2")
    assert await resume(store, held(1, queue(action="web.check")), held(1, queue("web2"))) == [("a", 0), ("b", 1)]
    assert (await found(store, "x")).state is State.ASSIGNED
    assert (await found(store, "other")).state is State.QUEUED
    assert await resume(store) == [("a", 0), ("b", 1)]


async def test_another_epoch_says_nothing_about_this_one(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    assert await resume(store, held(1, epoch=1)) == [("a", 0)]


async def test_a_gap_left_by_what_was_settled_meanwhile_is_closed_in_the_chain(store: Store) -> None:
    await plan_some(store, *"abcde")
    await take(store, limit=4)
    await store.record_moves([move("b", State.SETTLED, 0), move("d", State.SETTLED, 0)])
    assert await resume(store, held(1)) == [("c", 1)]
    assert await take(store) == [("e", 3)]


async def test_an_agent_that_lost_what_it_held_gets_the_next_from_where_it_stands(store: Store) -> None:
    await plan_some(store, "a", "b", "c")
    await take(store, limit=2)
    await store.record_moves([move("a", State.SETTLED), move("b", State.SETTLED)])
    assert await resume(store) == []
    assert await take(store) == [("c", 0)]


async def test_an_agent_that_knows_more_than_was_handed_over_moves_no_chain(store: Store) -> None:
    await plan_some(store, "a", "b")
    await take(store, limit=1)
    assert await resume(store, held(2**70)) == []
    assert (await found(store, "a")).state is State.ASSIGNED
    assert (await found(store, "b")).state is State.QUEUED
    assert await take(store) == [("b", 1)]


async def test_what_is_cancelling_comes_again_too(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    await store.request_cancel("a", cancelled("a"))
    (again,) = await store.resume_handovers("web1", [])
    assert again.execution.cancelling


async def test_depths_count_the_unsettled_of_each_queue(store: Store) -> None:
    await plan_some(store, "a", "b", "c")
    await take(store, limit=2)
    await store.record_moves([move("a", State.SETTLED)])
    missing = QueueKey(place="nobody", action="web.restart", key="null")
    assert await store.depths([queue(), missing]) == {queue(): 2, missing: 0}
