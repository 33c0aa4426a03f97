"""What follows at once shares the commit of what it follows: an event, its plan and its hand-over are one sync."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from threading import Event

import apsw
import pytest

from attune_controller.store.errors import StoreFull
from attune_controller.store.records.events import EventStatus
from attune_controller.store.sqlite import writer
from attune_controller.store.sqlite.connection_thread import ALONE, Relay
from attune_controller.store.sqlite.store import SqliteStore, open_sqlite_store
from tests.controller.store.disk import NAME, Disk, recorded_disk
from tests.controller.store.making import event, plan, request, take

LOG = "store.sqlite-wal"


@pytest.fixture
def disk() -> Iterator[Disk]:
    with recorded_disk() as recorded:
        yield recorded


@pytest.fixture
async def store(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqliteStore]:
    monkeypatch.setattr(writer, "PATIENCE", 5.0)  # nobody is late here
    opened = await open_sqlite_store(tmp_path / "store", vfs=NAME)
    yield opened
    await opened.close()


def nothing(connection: apsw.Connection) -> None: ...


def damaged(connection: apsw.Connection) -> None:
    raise ValueError("the row is damaged")


async def test_an_event_its_plan_and_its_hand_over_are_one_sync(store: SqliteStore, disk: Disk) -> None:
    before = disk.count(f"sync {LOG}")
    accepted = asyncio.create_task(store.accept_event(event("1"), followed=True))
    await asyncio.sleep(0)
    (seen,) = await store.unplanned(limit=9, certain=False)
    assert not accepted.done(), "the planner sees it before its sender is answered"
    assert disk.count(f"sync {LOG}") == before
    made = asyncio.create_task(store.record_plans([plan(seen.position, request("a", seen.position))], followed=True))
    await asyncio.sleep(0)
    (handed,) = await take(store)
    assert (await accepted).position == seen.position
    assert [one.new.id for one in await made] == [handed[0]] == ["a"]
    assert disk.count(f"sync {LOG}") == before + 1


async def test_an_event_that_comes_with_its_plan_and_its_hand_over_are_one_sync(store: SqliteStore, disk: Disk) -> None:
    before = disk.count(f"sync {LOG}")
    planned = asyncio.create_task(store.accept_planned(event("1"), plan(0, request("a", 0)), followed=True))
    await asyncio.sleep(0)
    (handed,) = await take(store)
    accepted, made = await planned
    assert [one.new.id for one in made] == [handed[0]] == ["a"]
    assert accepted.planned
    assert disk.count(f"sync {LOG}") == before + 1


async def test_what_does_not_come_holds_up_nobody_for_long(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.001)
    assert not (await store.accept_event(event("1"), followed=True)).duplicate


async def test_a_plan_is_refused_with_the_event_that_could_not_be_committed(store: SqliteStore, disk: Disk) -> None:
    accepted = asyncio.create_task(store.accept_event(event("1"), followed=True))
    await asyncio.sleep(0)
    (seen,) = await store.unplanned(limit=9, certain=False)
    disk.full = True
    for refused in (store.record_plans([plan(seen.position, request("a", seen.position))]), accepted):
        with pytest.raises(StoreFull):
            await refused
    disk.full = False
    assert await store.unplanned(limit=9) == []


async def test_what_goes_by_a_look_that_was_taken_back_does_not_happen(store: SqliteStore) -> None:
    ran: list[str] = []
    look = store._parts.writer.submit(nothing, Relay(early=True))
    await look.future
    look.error = StoreFull("the disk is full")  # as the writer says it when the commit fails
    with pytest.raises(StoreFull):
        await store._parts.writer.run(lambda _connection: ran.append("ran"), Relay(follows=True, after=look))
    await store._parts.writer.run(nothing, ALONE)
    assert ran == []


async def test_a_look_that_fails_fails_its_caller_and_whoever_goes_by_it_and_nobody_else(store: SqliteStore) -> None:
    look = store._parts.writer.submit(damaged, Relay(early=True))
    follower = store._parts.writer.run(nothing, Relay(follows=True, after=look))
    accepted = store.accept_event(event("1"))
    refused = await asyncio.gather(look.future, follower, return_exceptions=True)
    assert [str(one) for one in refused] == ["the row is damaged"] * 2
    assert (await accepted).position == 1


@pytest.mark.parametrize("with_it", [False, True], ids=["after it", "with it"])
async def test_closing_waits_for_no_follower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, with_it: bool) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 60.0)
    store = await open_sqlite_store(tmp_path / "other")
    together = Event()
    if with_it:  # the writer finds both at once when it comes back from this
        store._parts.writer.submit(lambda _connection: together.wait(), ALONE)
    accepted = asyncio.create_task(store.accept_event(event("1"), followed=True))
    await asyncio.sleep(0)
    closing = asyncio.create_task(store.close())
    await asyncio.sleep(0)
    together.set()
    async with asyncio.timeout(30):
        await closing
    found = await accepted
    again = await open_sqlite_store(tmp_path / "other")
    kept = await again.event(found.position)
    assert kept is not None
    assert kept.status is EventStatus.ACCEPTED
    await again.close()
