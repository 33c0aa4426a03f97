"""History: the places that executions take, their starts and their ends, in the order of the commits."""

from attune_controller.store.port import Store
from attune_core.states import State
from tests.controller.store.making import cancelled, move, plan_some, take


async def words(store: Store, *, after: int = 0, limit: int = 99) -> list[str]:
    """Return each step as a word or two."""
    return [
        f"{step.execution} {step.state} {step.sequence}" + (f" attempt {step.attempt}" if step.attempt else "")
        for step in await store.history(after=after, limit=limit)
    ]


async def test_places_starts_and_ends_stand_in_the_order_of_their_commits(store: Store) -> None:
    await plan_some(store, "a", "b")
    await take(store)
    await store.record_moves([move("a", State.PREPARING), move("a", State.STARTED)])
    await store.request_cancel("b", cancelled("b"))
    await store.record_moves([move("a", State.SETTLED), move("b", State.SETTLED, 0)])
    assert await words(store) == [
        "a queued 1",
        "b queued 2",
        "a started 1 attempt 1",
        "a settled 1 attempt 1",
        "b settled 2",
    ]


async def test_each_attempt_is_a_step_and_a_repeated_report_is_none(store: Store) -> None:
    await plan_some(store, "a")
    await take(store)
    await store.record_moves([move("a", State.STARTED), move("a", State.STARTED), move("a", State.PREPARING, 2)])
    await store.record_moves([move("a", State.STARTED, 2), move("a", State.SETTLED, 2), move("a", State.SETTLED, 2)])
    assert await words(store, after=1) == ["a started 1 attempt 1", "a started 1 attempt 2", "a settled 1 attempt 2"]


async def test_one_that_waits_for_an_agent_takes_its_place_later(store: Store) -> None:
    await plan_some(store, "a", agent="")
    await store.place("a", "web1")
    first, second = await store.history(after=0, limit=9)
    assert (first.state, first.queue, first.sequence) == (State.ACCEPTED, None, 0)
    assert second.queue is not None
    assert (second.state, second.queue.place, second.sequence) == (State.QUEUED, "web1", 1)


async def test_pages_go_on_after_the_last_step(store: Store) -> None:
    await plan_some(store, "a", "b", "c")
    first = await store.history(after=0, limit=2)
    assert [step.execution for step in first] == ["a", "b"]
    assert [step.execution for step in await store.history(after=first[-1].n, limit=2)] == ["c"]
    assert await store.history(after=3, limit=2) == []
