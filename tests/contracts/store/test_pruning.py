"""Pruning: what is over and old goes, what is not settled stays, and nothing is numbered twice."""

from dataclasses import replace

from attune_controller.store.port import Store
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.records.events import EventFilter, EventStatus
from attune_controller.store.records.standing import Pruned
from attune_core.states import State
from tests.controller.store.making import event, found, held, move, plan, plan_some, queue, request, take

NOW = 1_000_000.0


async def accepted(store: Store, event_id: str, *, received_at: float, agent: str | None = "web1") -> int:
    """Accept an event; plan one execution `x<id>` of it unless agent is None."""
    position = (await store.accept_event(replace(event(event_id), received_at=received_at))).position
    if agent is not None:
        new = replace(request(f"x{event_id}", position, agent=agent), accepted_at=received_at)
        await store.record_plans([plan(position, new)])
    return position


async def settle(store: Store, *executions: str, at: float) -> None:
    while await take(store):
        pass
    await store.record_moves([move(execution, State.SETTLED, at=at) for execution in executions])


async def positions(store: Store) -> list[int]:
    return [one.position for one in (await store.events(before=None, limit=99)).events][::-1]


async def prune_events(store: Store, before: float, *, after: int = 0, limit: int = 99) -> Pruned:
    return await store.prune_events(before=before, now=NOW, after=after, limit=limit)


async def prune_executions(store: Store, before: float, *, keep: int = 99, after: int = 0, limit: int = 99) -> Pruned:
    return await store.prune_executions(before=before, now=NOW, keep=keep, after=after, limit=limit)


async def numbers(store: Store) -> list[int]:
    return [one.number for one in await store.executions(before=None, limit=99)][::-1]


async def test_events_go_when_they_are_older_than_the_window_and_all_that_came_of_them_is_settled(store: Store) -> None:
    for name, received_at in (("a", 10.0), ("b", 11.0), ("c", 12.0), ("d", 500.0)):
        await accepted(store, name, received_at=received_at)
    await settle(store, "xa", "xc", at=600.0)
    assert await prune_events(store, 100.0) == Pruned(removed=2, after=None)
    assert await positions(store) == [2, 4]
    await settle(store, "xb", at=600.0)
    assert (await prune_events(store, 100.0)).removed == 1
    assert [one.new.id for one in (await store.events(before=None, limit=9, where=EventFilter(status=EventStatus.PLANNED))).events] == ["d"]


async def test_an_event_without_a_plan_stays_however_old_it_is_and_a_dead_letter_goes(store: Store) -> None:
    await accepted(store, "a", received_at=1.0, agent=None)
    await store.accept_event(replace(event("b", dead_reason="no trigger"), received_at=1.0))
    await store.record_plans([plan((await store.accept_event(replace(event("c"), received_at=1.0))).position)])
    assert await prune_events(store, 100.0) == Pruned(removed=2, after=None)
    assert [waiting.new.id for waiting in await store.unplanned(limit=9)] == ["a"]


async def test_a_delivery_is_known_until_its_event_is_forgotten_and_gets_a_new_position_then(store: Store) -> None:
    first = (await store.accept_event(replace(event("a", body_digest="b" * 64), received_at=10.0))).position
    await store.record_plans([plan(first)])
    await prune_events(store, 10.0)
    assert (await store.accept_event(event("a"))).duplicate
    await prune_events(store, 10.5)
    again = await store.accept_event(event("a", body_digest="b" * 64))
    assert (again.duplicate, again.position) == (False, first + 1)
    assert await store.find_event("hooks/github", "a") == await store.event(first + 1)


async def test_a_look_is_bounded_and_goes_on_after_what_it_saw(store: Store) -> None:
    for number in range(5):
        await accepted(store, f"{number}", received_at=10.0 + number)
    await settle(store, "x0", "x2", "x4", at=20.0)
    assert await prune_events(store, 100.0, limit=2) == Pruned(removed=1, after=2)
    assert await prune_events(store, 100.0, after=2, limit=2) == Pruned(removed=1, after=4)
    assert await prune_events(store, 100.0, after=4, limit=2) == Pruned(removed=1, after=None)
    assert await positions(store) == [2, 4]
    assert await prune_executions(store, 100.0, limit=2) == Pruned(removed=1, after=2)
    assert await numbers(store) == [2, 3, 4, 5]


async def test_a_clock_that_ran_ahead_for_a_while_keeps_only_what_it_stamped(store: Store) -> None:
    for name, received_at in (("a", NOW + 9), ("b", 10.0), ("c", 500.0), ("d", 10.0)):
        await accepted(store, name, received_at=received_at)
    await settle(store, *("xa", "xb", "xc", "xd"), at=20.0)
    assert await prune_events(store, 100.0) == Pruned(removed=1, after=None)
    assert await prune_executions(store, 100.0) == Pruned(removed=2, after=None)
    assert await positions(store) == [1, 3, 4]


async def test_settled_executions_go_by_age_or_by_number_and_unsettled_ones_by_nothing(store: Store) -> None:
    for number in range(6):
        await accepted(store, f"{number}", received_at=10.0 if number < 3 else 500.0)
    await settle(store, "x0", "x2", "x3", "x4", "x5", at=600.0)
    assert await prune_executions(store, 100.0) == Pruned(removed=0, after=None)  # accepted long ago, ended just now
    assert await prune_executions(store, 100.0, keep=2) == Pruned(removed=3, after=None)
    assert await numbers(store) == [2, 5, 6]
    assert await prune_executions(store, 700.0) == Pruned(removed=2, after=None)
    assert await numbers(store) == [2]
    assert {step.execution for step in await store.history(after=0, limit=99)} == {"x1"}
    assert await store.execution("x5") is None
    assert await store.executions_of_events([6]) == {6: []}


async def test_numbers_sequences_and_counters_go_on_after_everything_was_forgotten(store: Store) -> None:
    await plan_some(store, "a", "b")
    await settle(store, "a", "b", at=20.0)
    await prune_executions(store, 100.0 + NOW, keep=1)
    await prune_executions(store, 100.0 + NOW)
    assert await numbers(store) == []
    (third,) = await plan_some(store, "c")
    assert (third.number, third.sequence) == (3, 3)
    assert await take(store) == [("c", 2)]
    assert await store.acknowledge([held(3)]) == ["c"]
    assert await store.depths([queue()]) == {queue(): 1}
    assert (await found(store, "c")).number == 3
    assert [step.execution for step in await store.history(after=0, limit=9)] == ["c"]


async def test_join_tokens_are_forgotten_some_time_after_they_are_spent_or_over(store: Store) -> None:
    token = JoinToken(token_hash="t1", name="web1", labels={}, expires_at=50.0)
    for one in (token, replace(token, token_hash="t2", expires_at=500.0), replace(token, token_hash="t3", expires_at=500.0, used_at=40.0)):
        await store.add_join_token(one)
    assert await store.prune_join_tokens(before=45.0) == 1
    assert await store.prune_join_tokens(before=60.0) == 1
    assert [await store.join_token(one) is None for one in ("t1", "t2", "t3")] == [True, False, True]


async def test_packs_are_in_use_while_an_execution_of_them_is_not_settled(store: Store) -> None:
    await plan_some(store, "a")
    assert await store.packs_in_use() == {"d" * 64}
    await settle(store, "a", at=20.0)
    assert await store.packs_in_use() == frozenset()
