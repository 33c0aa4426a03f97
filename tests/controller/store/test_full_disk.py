"""A store on a real disk that is full: nothing new is taken, what was begun ends, reading goes on, and it resumes by itself (G17)."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from attune_controller.store.errors import StoreFull
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.sqlite.store import SqliteStore, open_sqlite_store
from attune_core.marks import Mark, MarkKind
from attune_core.states import State
from tests.controller.store.making import agent, event, found, move, plan, plan_some, request, take
from tests.small_disk import fill, grow, small_disk

pytestmark = pytest.mark.root


async def fill_with_events(store: SqliteStore) -> list[str]:
    """Accept events until the disk is full; return those that were answered."""
    answered: list[str] = []
    with suppress(StoreFull):
        while True:
            await store.accept_event(event(f"e{len(answered)}", data={"text": "x" * 20_000}))
            answered.append(f"e{len(answered)}")
    return answered


async def test_what_was_begun_ends_on_the_reserve_and_everything_resumes_when_there_is_space(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "8m"):
        store = await open_sqlite_store(tmp_path / "disk/store")
        await store.look_after()
        await plan_some(store, "a", "b")
        await take(store)
        await store.accept_event(event("early"))
        fill(tmp_path / "disk")
        answered = ["early", *await fill_with_events(store)]
        await store.look_after()
        assert store.alarm
        position = (await store.unplanned(limit=1))[0].position
        for new in (store.accept_event(event("new")), store.record_plans([plan(position, request("c", position))])):
            with pytest.raises(StoreFull):
                await new
        await store.record_moves([move("a", State.STARTED), move("a", State.SETTLED, completion=event("done"))])
        assert (await found(store, "a")).state is State.SETTLED
        assert [one.new.id for one in await store.unplanned(limit=9999)] == [*answered, "done"]
        grow(tmp_path / "disk", "64m")
        await store.look_after()
        assert not store.alarm
        assert not (await store.accept_event(event("new"))).duplicate
        await store.close()
        again = await open_sqlite_store(tmp_path / "disk/store")
        assert [one.new.id for one in await again.unplanned(limit=9999)] == [*answered, "done", "new"]
        await again.close()


async def test_marks_and_pruning_work_on_the_reserve(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "8m"):
        store = await open_sqlite_store(tmp_path / "disk/store")
        await store.look_after()
        await plan_some(store, "a")
        await take(store)
        await store.record_moves([move("a", State.SETTLED)])
        await _enrol(store)
        await fill_with_events(store)
        await store.set_marks("web1", {MarkKind.CORDONED: Mark(by="ops", since=1.0)}, event("marked"))
        pruned = await store.prune_executions(before=9000.0, now=9000.0, keep=9, after=0, limit=9)
        assert pruned.removed == 1
        await store.close()


async def test_a_long_log_is_not_written_back_onto_the_reserve(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "8m"):
        store = await open_sqlite_store(tmp_path / "disk/store")
        await store.look_after()
        await plan_some(store, "a")
        await take(store)
        await store.record_moves([move("a", State.SETTLED)])
        await _enrol(store)
        together = [store.accept_event(event(f"e{n}", data={"text": "x" * 20_000})) for n in range(500)]
        answered = await asyncio.gather(*together, return_exceptions=True)
        assert any(isinstance(one, StoreFull) for one in answered)
        for n in range(5):
            await store.set_marks("web1", {MarkKind.CORDONED: Mark(by="ops", since=float(n))}, event(f"marked{n}"))
        pruned = await store.prune_executions(before=9000.0, now=9000.0, keep=9, after=0, limit=9)
        assert pruned.removed == 1
        await store.close()


async def _enrol(store: SqliteStore) -> None:
    await store.add_join_token(JoinToken(token_hash="t", name="web1", labels={}, expires_at=1000.0))
    await store.enrol(agent(), "t", 500.0)


async def test_a_store_that_starts_on_a_full_disk_takes_nothing_until_there_is_space(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "8m"):
        store = await open_sqlite_store(tmp_path / "disk/store")
        await store.accept_event(event("1"))
        filler = fill(tmp_path / "disk")
        await store.look_after()
        with pytest.raises(StoreFull):
            await store.accept_event(event("2"))
        filler.unlink()
        await store.look_after()
        await store.accept_event(event("2"))
        assert (tmp_path / "disk/store/reserve").stat().st_size == 8 * 2**20 // 16
        await store.close()
