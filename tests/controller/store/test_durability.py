"""An answer means that it is on the disk (G1), judged by what was synced and by kill -9."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_controller.store.errors import ReplayedBody, StoreFailed, StoreFull
from attune_controller.store.sqlite import writer
from attune_controller.store.sqlite.store import SqliteStore, open_sqlite_store
from attune_core.states import State
from tests.controller.store.acknowledging import Acknowledged, read_acknowledged
from tests.controller.store.disk import NAME, Disk, recorded_disk
from tests.controller.store.holding import held_writer
from tests.controller.store.making import event, found, move, plan, plan_some, request, take

LOG = "store.sqlite-wal"


@pytest.fixture
def disk() -> Iterator[Disk]:
    with recorded_disk() as recorded:
        yield recorded


async def test_the_sync_of_a_commit_comes_before_its_answer(tmp_path: Path, disk: Disk) -> None:
    store = await open_sqlite_store(tmp_path / "store", vfs=NAME)
    disk.happened.clear()
    for number in range(3):
        await store.accept_event(event(f"{number}"))
        disk.happened.append("answer")
    in_order = [what for what, before in zip(disk.happened, ["", *disk.happened], strict=False) if what != before]
    assert in_order == [f"write {LOG}", f"sync {LOG}", "answer"] * 3
    await store.close()


async def test_every_one_of_many_concurrent_answers_was_synced_before(tmp_path: Path, disk: Disk) -> None:
    store = await open_sqlite_store(tmp_path / "store", vfs=NAME)

    async def deliver(sender: int) -> bool:
        synced = True
        for number in range(10):
            name = f"<the event {number} of sender {sender}>"
            await store.accept_event(event(name))
            synced = synced and name.encode() in disk.durable[LOG]
        return synced

    assert all(await asyncio.gather(*(deliver(sender) for sender in range(40))))
    await store.close()


@pytest.mark.parametrize("checkpoint_pages", [1, 10_000], ids=["checkpoint after each", "no checkpoint"])
async def test_what_was_answered_survives_a_power_cut_at_once(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch, checkpoint_pages: int
) -> None:
    monkeypatch.setattr(writer, "CHECKPOINT_IDLE", checkpoint_pages)
    store = await open_sqlite_store(tmp_path / "store", vfs=NAME)
    cuts: list[tuple[int, Path]] = []
    for number in range(12):
        made = await plan_some(store, f"{number}")
        await take(store)
        await store.record_moves([move(f"{number}", State.STARTED)])
        disk.power_cut(cut := tmp_path / f"cut{number}")
        cuts.append((made[0].number, cut))
    await store.close()
    for number, cut in cuts:
        after = await open_sqlite_store(cut)
        kept = await after.executions(before=None, limit=100)
        assert [(execution.number, execution.sequence, execution.state) for execution in reversed(kept)] == [
            (earlier, earlier, State.STARTED) for earlier in range(1, number + 1)
        ]
        await after.close()


async def test_callers_that_come_together_share_one_sync(tmp_path: Path, disk: Disk) -> None:
    store = await open_sqlite_store(tmp_path / "store", vfs=NAME)
    async with held_writer(store):
        callers = [asyncio.ensure_future(store.accept_event(event(f"{number}"))) for number in range(200)]
        await asyncio.sleep(0)
        before = disk.count(f"sync {LOG}")
    positions = [(await caller).position for caller in callers]
    assert disk.count(f"sync {LOG}") == before + 1
    assert positions == list(range(1, 201))
    await store.close()


async def test_duplicates_cost_no_sync(tmp_path: Path, disk: Disk) -> None:
    store = await open_sqlite_store(tmp_path / "store", vfs=NAME)
    await store.accept_event(event("1"))
    before = disk.count(f"sync {LOG}")
    assert (await store.accept_event(event("1"))).duplicate
    assert disk.count(f"sync {LOG}") == before
    await store.close()


async def test_a_caller_that_fails_fails_alone(tmp_path: Path) -> None:
    store = await open_sqlite_store(tmp_path / "store")
    await store.accept_event(event("0", body_digest="b"))
    position = (await store.accept_event(event("planned"))).position
    async with held_writer(store):
        callers = [
            asyncio.ensure_future(store.accept_event(event("1"))),
            asyncio.ensure_future(store.accept_event(event("2", body_digest="b"))),
            asyncio.ensure_future(store.record_plans([plan(position, request("a", position), request("a", position))])),
            asyncio.ensure_future(store.accept_event(event("3"))),
        ]
        await asyncio.sleep(0)
    results = await asyncio.gather(*callers, return_exceptions=True)
    failed = [isinstance(result, Exception) for result in results]
    assert failed == [False, True, True, False]
    assert isinstance(results[1], ReplayedBody)
    assert [waiting.new.id for waiting in await store.unplanned(limit=9)] == ["0", "planned", "1", "3"]
    assert await store.execution("a") is None
    await store.close()


async def test_a_caller_that_gave_up_takes_nobody_with_it(tmp_path: Path) -> None:
    store = await open_sqlite_store(tmp_path / "store")
    async with held_writer(store):
        gone = asyncio.ensure_future(store.accept_event(event("1")))
        patient = asyncio.ensure_future(store.accept_event(event("2")))
        await asyncio.sleep(0)
        gone.cancel()
    assert (await patient).position == 2
    assert gone.cancelled()
    assert (await store.accept_event(event("1"))).duplicate
    await store.close()


async def test_a_full_disk_refuses_and_goes_on_when_there_is_space_again(tmp_path: Path, disk: Disk) -> None:
    store = await open_sqlite_store(tmp_path / "store", vfs=NAME)
    await store.accept_event(event("1"))
    disk.full = True
    for number in range(3):
        with pytest.raises(StoreFull):
            await store.accept_event(event(f"full {number}"))
    assert await store.find_event("", "1") is not None
    assert store.alarm
    disk.full = False
    await store.look_after()
    assert not store.alarm
    assert not (await store.accept_event(event("2"))).duplicate
    await store.close()
    await _holds(tmp_path / "store", ["1", "2"])


async def test_a_disk_that_refuses_a_sync_ends_all_writing(tmp_path: Path, disk: Disk) -> None:
    store = await open_sqlite_store(tmp_path / "store", vfs=NAME)
    await store.accept_event(event("1"))
    disk.refuses_sync = True
    with pytest.raises(StoreFailed):
        await store.accept_event(event("2"))
    disk.refuses_sync = False
    with pytest.raises(StoreFailed):
        await store.accept_event(event("3"))
    assert await store.find_event("", "1") is not None
    await store.close()
    again = await open_sqlite_store(tmp_path / "store")
    assert await again.find_event("", "1") is not None
    assert await again.find_event("", "3") is None
    await again.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB, which `grow` makes larger."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def grow(place: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=8m", str(place)], check=True)


@pytest.mark.root
async def test_a_really_full_file_system_loses_nothing_that_was_answered(small: Path) -> None:
    store = await open_sqlite_store(small / "store")
    answered: list[str] = []
    try:
        for number in range(10_000):
            await store.accept_event(event(f"{number}", data="x" * 1000))
            answered.append(f"{number}")
    except StoreFull:
        grow(small)
    assert 20 < len(answered) < 10_000
    await store.look_after()
    await store.accept_event(event("after"))
    await store.close()
    await _holds(small / "store", [*answered, "after"])


async def _holds(folder: Path, ids: list[str]) -> None:
    store = await open_sqlite_store(folder)
    assert [waiting.new.id for waiting in await store.unplanned(limit=100_000)] == ids
    await store.close()


async def test_kill_9_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    """Twenty lives of one store, each killed at a random moment of accepting, planning, handing over and reporting."""
    folder, seed = tmp_path / "store", random.randrange(1 << 30)
    moments = random.Random(seed)
    answered: list[Acknowledged] = []
    for life in range(20):
        answered += await asyncio.to_thread(_live_and_die, folder, life, moments.randrange(1, 120))
        store = await open_sqlite_store(folder)
        await _check(store, answered, f"seed {seed}, life {life}")
        await store.close()
    assert {one.what for one in answered} == {"accepted", "planned", "handed", "settled"}


def _live_and_die(folder: Path, life: int, lines: int) -> list[Acknowledged]:
    """Run the program until it has said so many lines, kill it, and return all that it said."""
    command = [sys.executable, "-m", "tests.controller.store.acknowledging", str(folder), str(life)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.readlines()
    return read_acknowledged(said)


async def _check(store: SqliteStore, answered: list[Acknowledged], when: str) -> None:
    """Everything answered is there and as it was answered, whole events only, numbers and sequences without repetition."""
    for one in answered:
        if one.what == "accepted":
            stored = await store.find_event("", one.id)
            assert stored is not None, when
            assert stored.position == one.number, when
            continue
        execution = await found(store, one.id)
        assert execution.number == one.number, when
        assert execution.handed or one.what == "planned", when
        assert execution.state is State.SETTLED or one.what != "settled", when
        assert (await store.find_event("attune:executions", one.id) is not None) == (execution.state is State.SETTLED), when
    executions = await store.executions(before=None, limit=1_000_000)
    assert len({execution.sequence for execution in executions}) == len(executions), when
    by_event = await store.executions_of_events([execution.new.event for execution in executions])
    assert {len(ids) for ids in by_event.values()} <= {3}, when
