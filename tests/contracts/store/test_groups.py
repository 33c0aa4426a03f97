"""Groups of waiting events: stored with the plans that change them, found by key and by time, ended once, forgotten with their events."""

from dataclasses import replace

import pytest

from attune_controller.store.errors import EventUnknown
from attune_controller.store.port import Store
from attune_controller.store.records.groups import EndedGroup, Horizon
from attune_controller.store.records.plans import PlannedEvent
from attune_core.rules.groups import Group, Member
from attune_core.rules.throttling import ThrottleKey
from tests.controller.store.making import event, request

A, B = ("web.page", '"a"'), ("web.page", '"ü"')


async def accept(store: Store, *names: str) -> list[int]:
    return [(await store.accept_event(event(name))).position for name in names]


def group(key: ThrottleKey, *positions: int, due: float = 400.25) -> Group:
    members = tuple(Member(position=position, size=position * 10) for position in positions)
    return Group(key=key, terms="t", opened_at=100.25, last_at=100.5, due=due, back=due - 600, count=len(positions) + 1, members=members)


def waits(position: int, *groups: Group) -> PlannedEvent:
    return PlannedEvent(position=position, revision="r", groups=groups)


def ends(one: Group, *executions: str, outcome: str = "fired") -> EndedGroup:
    made = tuple(request(name, one.last) for name in executions)
    return EndedGroup(group=one, at=401.0, outcome=outcome, revision="r", detail="why", by=7, executions=made)


async def keys_due(store: Store, until: float, *, since: float | None = None, limit: int = 10) -> list[ThrottleKey]:
    found = await store.open_groups([], since=until if since is None else since, until=until, limit=limit)
    return [one.key for one in found.groups]


async def test_a_group_is_found_by_its_key_as_the_last_event_left_it(store: Store) -> None:
    one, two = await accept(store, "1", "2")
    await store.record_plans([waits(one, group(A, one), group(B, one)), waits(two, group(A, one, two, due=500.0))])
    found = await store.open_groups([A, ("web.other", "null")], since=0.0, until=0.0, limit=10)
    assert found.groups == (group(A, one, two, due=500.0),)
    assert found.counts == {"web.page": 2, "web.other": 0}
    assert not found.more
    assert await store.list_groups(after=("", ""), limit=10) == [group(A, one, two, due=500.0), group(B, one)]
    assert await store.list_groups(after=A, limit=10, rule="web.page") == [group(B, one)]
    assert await store.list_groups(after=("", ""), limit=10, rule="web.other") == []
    assert await store.list_groups(after=("", ""), limit=1) == [group(A, one, two, due=500.0)]


async def test_groups_that_are_due_come_in_their_order_and_not_more_than_are_wanted(store: Store) -> None:
    assert await store.horizon() == Horizon()
    (one,) = await accept(store, "1")
    keys = [("web.page", str(number)) for number in range(5)]
    await store.record_plans([waits(one, *(group(key, one, due=500.0 - number % 2) for number, key in enumerate(keys)))])
    assert await store.horizon() == Horizon(after=-100.0, before=499.0)
    assert await keys_due(store, 498.0) == []
    assert await keys_due(store, 499.0) == [keys[1], keys[3]]
    assert await keys_due(store, 500.0) == [keys[1], keys[3], keys[0], keys[2], keys[4]]
    assert await keys_due(store, -100.0) == [keys[0], keys[2], keys[4]], "the clock has stepped back"
    found = await store.open_groups([keys[4]], since=500.0, until=500.0, limit=2)
    assert found.more
    assert sorted(one.key for one in found.groups) == [keys[1], keys[3], keys[4]]
    assert [one.key for one in await store.groups_due_first("web.page", limit=3)] == [keys[1], keys[3], keys[0]]


async def test_a_group_ends_once_with_all_that_comes_of_it(store: Store) -> None:
    one, two = await accept(store, "1", "2")
    await store.record_plans([waits(one, group(A, one)), waits(two, group(A, one, two))])
    assert await store.record_plans([ends(group(A, one), "early")]) == [], "it has gone on"
    (made,) = await store.record_plans([ends(group(A, one, two), "e1")])
    assert (made.new.id, made.new.event, made.sequence) == ("e1", two, 1)
    assert await store.record_plans([ends(group(A, one, two), "e2")]) == []
    assert await store.list_groups(after=("", ""), limit=10) == []
    for position in (one, two):
        end = await store.group_end(A, position)
        assert end is not None
        assert (end.key, end.members, end.count, end.opened_at, end.ended_at) == (A, (one, two), 3, 100.25, 401.0)
        assert (end.outcome, end.detail, end.by, end.revision) == ("fired", "why", 7, "r")
    assert await store.group_end(A, two + 1) is None
    assert await store.group_end(B, one) is None


async def test_in_one_transaction_a_key_may_wait_end_and_wait_again(store: Store) -> None:
    one, two = await accept(store, "1", "2")
    made = await store.record_plans([waits(one, group(A, one)), ends(group(A, one), "e1"), waits(two, group(A, two))])
    assert [execution.new.id for execution in made] == ["e1"]
    assert await store.list_groups(after=("", ""), limit=10) == [group(A, two)]


async def test_in_one_transaction_a_group_may_go_on_and_end(store: Store) -> None:
    one, two, three = await accept(store, "1", "2", "3")
    await store.record_plans([waits(one, group(A, one))])
    made = await store.record_plans([waits(two, group(A, one, two)), ends(group(A, one, two), "e1"), waits(three, group(A, three))])
    assert [execution.new.event for execution in made] == [two]
    assert await store.list_groups(after=("", ""), limit=10) == [group(A, three)]


async def test_plans_that_are_not_stored_change_no_group(store: Store) -> None:
    (one,) = await accept(store, "1")
    await store.record_plans([waits(one, group(A, one))])
    with pytest.raises(EventUnknown):
        await store.record_plans([ends(group(A, one), "e1"), waits(one + 9, group(B, one))])
    assert await store.list_groups(after=("", ""), limit=10) == [group(A, one)]
    await store.record_plans([waits(one, group(B, one))])
    assert await store.list_groups(after=("", ""), limit=10) == [group(A, one)], "the event has its plan"


async def test_events_are_kept_while_a_group_needs_them_and_its_end_with_the_last(store: Store) -> None:
    one, two, three = await accept(store, "1", "2", "3")
    await store.record_plans([waits(one), waits(two, group(A, two)), waits(three, group(A, two, three))])

    async def removed(limit: int) -> int:
        return (await store.prune_events(before=9e9, now=9e9, after=0, limit=limit)).removed

    assert await removed(10) == 1
    assert sorted(await store.events_at([one, two, three])) == [two, three]
    await store.record_plans([ends(group(A, two, three), outcome="too_few")])
    assert await removed(1) == 1
    assert await store.group_end(A, three) is not None
    assert await removed(10) == 1
    assert await store.group_end(A, three) is None


async def test_a_group_that_waits_for_long_keeps_its_own_events_and_no_later_ones(store: Store) -> None:
    positions = await accept(store, *map(str, range(7)))
    old, one, *between, two, last = positions
    await store.record_plans([*map(waits, (old, *between, last)), waits(one, group(A, one)), waits(two, group(A, one, two))])
    pruned = await store.prune_events(before=9e9, now=9e9, after=0, limit=2)
    while pruned.after is not None:
        pruned = await store.prune_events(before=9e9, now=9e9, after=pruned.after, limit=2)
    assert sorted(await store.events_at(positions)) == [one, two]


async def test_what_a_group_stands_for_is_the_last_event_that_is_kept(store: Store) -> None:
    (one,) = await accept(store, "1")
    long = replace(group(A, one), members=tuple(Member(position=one + number, size=0) for number in range(100)))
    await store.record_plans([waits(one, long)])
    (found,) = await store.list_groups(after=("", ""), limit=10)
    assert found == long
    assert (found.first, found.last) == (one, one + 99)
