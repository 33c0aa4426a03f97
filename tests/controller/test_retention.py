"""Retention: the loop that forgets, the packs that nobody needs, and a store whose file stops growing."""

from dataclasses import replace
from pathlib import Path

import pytest

from attune_controller.packs import PackStore
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.retention import Forgetting
from attune_controller.settings import Retention
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.port import Store
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_controller.store.sqlite.writer import CHECKPOINT_BUSY
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import load
from attune_core.shipped import shipped
from attune_core.states import State
from tests.controller.clocks import StandingClock
from tests.controller.store.making import event, move, plan, request

DAY = 86_400.0
#: Bytes of a page in SQLite's write-ahead log: the page and its frame's header.
LOGGED_PAGE = 4_096 + 24


async def live_a_day(store: Store, clock: StandingClock, count: int) -> None:
    """Accept, plan, run and settle executions, each with a few kilobytes of data."""
    for number in range(count):
        name = f"{clock.time}-{number}"
        new = replace(event(name, data={"text": "x" * 4000}), received_at=clock.time)
        position = (await store.accept_event(new)).position
        await store.record_plans([plan(position, replace(request(f"x{name}"[:36], position), accepted_at=clock.time))])
        await store.take_handovers("web1", window=64, window_bytes=1 << 20, limit=64)
        await store.record_moves([move(f"x{name}"[:36], State.SETTLED, at=clock.time)])
    clock.time += DAY


async def test_each_thing_is_kept_for_its_time(tmp_path: Path) -> None:
    store, clock = MemoryStore(), StandingClock()
    forgetting = Forgetting(store, PackStore(tmp_path), ActiveCatalog(), clock, Retention())
    for _ in range(40):
        await live_a_day(store, clock, 2)
        await forgetting.go_round()
    assert [len((await store.events(before=None, limit=999)).events), len(await store.executions(before=None, limit=999))] == [14, 60]


async def test_of_the_newest_executions_so_many_are_kept_as_the_settings_say(tmp_path: Path) -> None:
    store, clock = MemoryStore(), StandingClock()
    await live_a_day(store, clock, 450)
    await Forgetting(store, PackStore(tmp_path), ActiveCatalog(), clock, Retention(executions_kept=30)).go_round()
    assert [one.number for one in await store.executions(before=None, limit=999)] == list(range(450, 420, -1))


async def test_the_file_of_a_store_stops_growing_and_its_log_stays_short(tmp_path: Path) -> None:
    store, clock = await open_sqlite_store(tmp_path / "store"), StandingClock()
    forgetting = Forgetting(
        store, PackStore(tmp_path), ActiveCatalog(), clock, Retention.model_validate({"events": "2d", "executions": "2d"})
    )
    file, log = tmp_path / "store/store.sqlite", tmp_path / "store/store.sqlite-wal"
    sizes: list[int] = []
    for _ in range(12):
        await live_a_day(store, clock, 40)
        await forgetting.go_round()
        await forgetting.go_round()
        sizes.append(file.stat().st_size)
        # When it is written back depends on who waits at that moment; left alone it would be three times as long after twelve days.
        assert log.stat().st_size <= (CHECKPOINT_BUSY + 200) * LOGGED_PAGE, "what starts a checkpoint, and one transaction of ours"
    await store.close()
    assert sizes[-1] <= max(sizes[:6]) * 1.1


@pytest.fixture
def catalog() -> Catalog:
    loaded = load(FolderTree(shipped("packs-template")))
    assert loaded.catalog is not None
    return loaded.catalog


async def test_packs_that_neither_the_active_revision_nor_an_unsettled_execution_needs_go_at_the_second_look(
    tmp_path: Path, catalog: Catalog
) -> None:
    store, clock, active, packs = MemoryStore(), StandingClock(), ActiveCatalog(), PackStore(tmp_path)
    forgetting = Forgetting(store, packs, active, clock, Retention())
    position = (await store.accept_event(event("1"))).position
    await store.record_plans([plan(position, request("x1", position))])
    needed = {pack.digest for pack in catalog.packs.values()} | {"d" * 64}
    for digest in (*needed, "a" * 64):
        (tmp_path / f"{digest}.tar").write_bytes(b"")
    await forgetting.go_round()
    await forgetting.go_round()
    assert len(list(tmp_path.iterdir())) == len(needed) + 1  # no revision is active: what it needs is not known
    active.swap(catalog)
    await forgetting.go_round()
    assert packs.find("a" * 64) is not None
    await forgetting.go_round()
    assert {place.stem for place in tmp_path.iterdir()} == needed


def test_a_pack_that_is_asked_for_between_two_looks_stays(tmp_path: Path) -> None:
    packs = PackStore(tmp_path)
    (tmp_path / f"{'a' * 64}.tar").write_bytes(b"")
    assert packs.prune(frozenset()) == 0
    packs.keep("a" * 64, lambda: b"")
    assert packs.prune(frozenset()) == 0
    assert packs.find("a" * 64) is not None
