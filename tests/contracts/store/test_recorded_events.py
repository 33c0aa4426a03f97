"""Pages of recorded events: oldest first, from a time, of one type, bounded, and together everything once."""

from dataclasses import replace
from itertools import chain

import pytest

from attune_controller.store.port import Store
from tests.controller.store.making import event


async def accept(store: Store, *times: float, kind: str = "web.alert", text: str = "") -> None:
    known = len((await store.events(before=None, limit=1000)).events)
    for number, at in enumerate(times, start=known):
        await store.accept_event(replace(event(f"{number}", data={"text": text}), received_at=at, type=kind))


async def pages(store: Store, *, limit: int = 3, since: float = 0.0, trigger: str | None = None) -> list[list[int]]:
    found: list[list[int]] = []
    after: int | None = 0
    while after is not None:
        page = await store.recorded_events(after=after, since=since, limit=limit, trigger=trigger)
        found.append([one.position for one in page.events])
        after = page.after
    return found


async def test_pages_together_are_every_event_once_oldest_first(store: Store) -> None:
    assert await pages(store) == [[]]
    await accept(store, *map(float, range(7)))
    assert await pages(store) == [[1, 2, 3], [4, 5, 6], [7]]
    page = await store.recorded_events(after=4, since=0.0, limit=10)
    assert list(page.events) == list(reversed((await store.events(before=None, limit=3)).events))


@pytest.mark.parametrize("since", [0.0, 1.0, 3.5, 9.0, 9.5, 100.0])
async def test_it_begins_with_what_was_received_then(store: Store, since: float) -> None:
    times = [1.0, 2.0, 2.0, 3.0, 4.0, 9.0]
    await accept(store, *times)
    expected = [position for position, at in enumerate(times, start=1) if at >= since]
    assert [*chain.from_iterable(await pages(store, since=since))] == expected


async def test_of_one_type_there_are_no_others(store: Store) -> None:
    for kind in ("web.alert", "web.other", "web.alert"):
        await accept(store, 1.0, kind=kind)
    assert [*chain.from_iterable(await pages(store, trigger="web.alert"))] == [1, 3]
    assert [*chain.from_iterable(await pages(store, trigger="web.none"))] == []


async def test_a_page_ends_when_its_bytes_are_full(store: Store) -> None:
    await accept(store, *[1.0] * 12, text="x" * (900 << 10))
    assert [len(page) for page in await pages(store, limit=200)] == [5, 5, 2]


async def test_dead_letters_are_among_them_with_their_data(store: Store) -> None:
    await store.accept_event(event("dead", dead_reason="why"))
    (found,) = (await store.recorded_events(after=0, since=0.0, limit=1)).events
    assert (found.reason, found.new.data) == ("why", event("dead").data)
