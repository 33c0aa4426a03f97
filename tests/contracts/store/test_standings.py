"""Standings: what is unsettled before an execution in its queue, wherever it is on its way."""

from attune_controller.store.port import Store
from attune_controller.store.records.executions import QueueKey
from attune_core.states import State
from tests.controller.store.making import found, held, move, plan_some, queue, take


async def test_what_waits_is_offered_held_prepared_and_runs_stands_before_the_next(store: Store) -> None:
    await plan_some(store, *"abcdefg")
    await take(store, window=5)
    await store.acknowledge([held(4)])
    await store.record_moves([move("a", State.STARTED), move("b", State.PREPARING), move("c", State.SETTLED, 0)])
    last = await found(store, "g")
    standing = await store.standing(last.queue, sequence=last.sequence, limit=10)
    assert (standing.depth, standing.ahead) == (6, 5)
    assert [one.new.id for one in standing.before] == ["a", "b", "d", "e", "f"]
    few = await store.standing(last.queue, sequence=last.sequence, limit=2)
    assert (few.depth, few.ahead, [one.new.id for one in few.before]) == (6, 5, ["a", "b"])


async def test_nothing_stands_before_the_first_or_in_a_queue_that_never_was(store: Store) -> None:
    await plan_some(store, "a")
    first = await store.standing(queue(), sequence=1, limit=10)
    assert (first.depth, first.ahead, list(first.before)) == (1, 0, [])
    none = await store.standing(QueueKey(place="web9", action="web.restart", key="null"), sequence=9, limit=10)
    assert (none.depth, none.ahead, list(none.before)) == (0, 0, [])
