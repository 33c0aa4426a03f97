"""A store is opened whole by one controller at a time, forwards only, or refused with nothing changed."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import LiteralString

import apsw
import pytest

from attune_controller.store.errors import SqliteTooOld, StoreClosed, StoreDamaged, StoreFailed, StoreLocked, StoreTooNew, UnknownFormat
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.records.plans import PlannedEvent
from attune_controller.store.records.standing import Sync
from attune_controller.store.sqlite import opening
from attune_controller.store.sqlite.migrations import MIGRATIONS
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.marks import Mark, MarkKind
from attune_core.rules.throttling import Admission
from tests.controller.store.making import agent, event

OPENING = """
import asyncio, pathlib, sys
from attune_controller.store.sqlite.store import open_sqlite_store
asyncio.run(open_sqlite_store(pathlib.Path(sys.argv[1])))
"""
#: The version of a store today; the steps below bring it one further.
NEWEST = len(MIGRATIONS)
SECOND = f"CREATE TABLE more (number INTEGER PRIMARY KEY) STRICT; INSERT INTO more VALUES (7); PRAGMA user_version = {NEWEST + 1};"  # noqa: S608 - a number of ours


async def test_a_second_controller_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    first = await open_sqlite_store(tmp_path / "store")
    with pytest.raises(StoreLocked):
        await open_sqlite_store(tmp_path / "store")
    await first.accept_event(event("1"))
    await first.close()
    second = await open_sqlite_store(tmp_path / "store")
    assert await second.find_event("", "1") is not None
    await second.close()


async def test_a_controller_in_another_process_is_refused_too(tmp_path: Path) -> None:
    first = await open_sqlite_store(tmp_path / "store")
    second = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", OPENING, str(tmp_path / "store")], capture_output=True, text=True, check=False
    )
    assert second.returncode != 0
    assert "ATT601" in second.stderr
    await first.close()


async def test_children_of_the_controller_do_not_keep_the_lock(tmp_path: Path) -> None:
    first = await open_sqlite_store(tmp_path / "store")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as child:  # noqa: ASYNC220 - starts at once, waits for our pipe
        await first.close()
        second = await open_sqlite_store(tmp_path / "store")
        await second.close()
        assert child.stdin is not None
        child.stdin.close()


async def test_the_identity_stays_for_the_life_of_the_store(tmp_path: Path) -> None:
    first = await open_sqlite_store(tmp_path / "store")
    await first.close()
    again = await open_sqlite_store(tmp_path / "store")
    other = await open_sqlite_store(tmp_path / "other")
    assert again.incarnation == first.incarnation != other.incarnation
    await again.close()
    await other.close()


async def test_nobody_else_on_the_host_can_read_the_store(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = await open_sqlite_store(tmp_path / "deep" / "store")
        await store.accept_event(event("1"))
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "deep" / "store").iterdir()}
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "deep" / "store").stat().st_mode) == 0o700
    assert set(files) == {"format", "lock", "store.sqlite", "store.sqlite-wal", "store.sqlite-shm"}
    assert set(files.values()) == {0o600}
    await store.close()


async def test_a_clean_end_leaves_no_log_behind(tmp_path: Path) -> None:
    store = await open_sqlite_store(tmp_path / "store")
    await store.accept_event(event("1"))
    await store.close()
    assert {file.name for file in (tmp_path / "store").iterdir()} == {"format", "lock", "store.sqlite"}


@pytest.mark.parametrize("text", ["attune-controller-store 2\n", "", "attune-agent 1\n", "\x00" * 10_000])
async def test_an_unknown_format_is_refused_and_nothing_is_changed(tmp_path: Path, text: str) -> None:
    (tmp_path / "format").write_text(text)
    with pytest.raises(UnknownFormat):
        await open_sqlite_store(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["format"]
    assert (tmp_path / "format").read_text() == text


async def test_a_database_without_a_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").touch()
    with pytest.raises(UnknownFormat):
        await open_sqlite_store(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["store.sqlite"]


async def test_a_store_of_a_newer_version_is_refused_and_kept(tmp_path: Path) -> None:
    store = await open_sqlite_store(tmp_path, steps=(*MIGRATIONS, SECOND))
    await store.accept_event(event("1"))
    await store.close()
    before = (tmp_path / "store.sqlite").read_bytes()
    for _ in range(2):  # the refusal lets go of the lock
        with pytest.raises(StoreTooNew):
            await open_sqlite_store(tmp_path)
    assert (tmp_path / "store.sqlite").read_bytes() == before
    again = await open_sqlite_store(tmp_path, steps=(*MIGRATIONS, SECOND))
    assert await again.find_event("", "1") is not None
    await again.close()


async def test_a_migration_keeps_a_copy_of_what_was_there(tmp_path: Path) -> None:
    store = await open_sqlite_store(tmp_path)
    await store.accept_event(event("1"))
    await store.close()
    migrated = await open_sqlite_store(tmp_path, steps=(*MIGRATIONS, SECOND))
    assert await migrated.find_event("", "1") is not None
    await migrated.close()
    copy = tmp_path / f"store.sqlite.v{NEWEST}"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    (tmp_path / "older").mkdir()
    (tmp_path / "older" / "format").write_text("attune-controller-store 1\n")
    copy.rename(tmp_path / "older" / "store.sqlite")
    older = await open_sqlite_store(tmp_path / "older")
    assert await older.find_event("", "1") is not None
    await older.close()


async def test_a_store_without_throttles_gets_them_and_keeps_what_it_has(tmp_path: Path) -> None:
    older = await open_sqlite_store(tmp_path, steps=MIGRATIONS[:1])
    await older.accept_event(event("1"))
    await older.close()
    store = await open_sqlite_store(tmp_path)
    waiting = await store.unplanned(limit=9)
    assert [one.new.id for one in waiting] == ["1"]
    admissions = {("web.page", "null"): Admission(at=1.0, until=2.0)}
    await store.record_plans([PlannedEvent(position=waiting[0].position, revision="r", admissions=admissions)])
    assert await store.admissions([*admissions]) == admissions
    await store.close()


async def test_a_store_without_marks_gets_them_and_keeps_what_it_has(tmp_path: Path) -> None:
    older = await open_sqlite_store(tmp_path, steps=MIGRATIONS[:2])
    await older.add_join_token(JoinToken(token_hash="h1", name="web1", labels={}, expires_at=1000.0))
    await older.enrol(agent(), "h1", 500.0)
    await older.close()
    store = await open_sqlite_store(tmp_path)
    assert (await store.agents(), await store.marks()) == ([agent()], {})
    marks = {MarkKind.PAUSED: Mark(note="disk swap", by="ops", since=5.5)}
    await store.set_marks("web1", marks, event("paused"))
    await store.close()
    again = await open_sqlite_store(tmp_path)
    assert await again.marks() == {"web1": marks}
    await again.close()


async def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    store = await open_sqlite_store(tmp_path)
    await store.close()
    broken: LiteralString = "CREATE TABLE more (number INTEGER PRIMARY KEY) STRICT; INSERT INTO nowhere VALUES (1);"
    with pytest.raises(apsw.SQLError):
        await open_sqlite_store(tmp_path, steps=(*MIGRATIONS, broken))
    again = await open_sqlite_store(tmp_path, steps=(*MIGRATIONS, SECOND))
    await again.close()


DYING = """
import apsw, asyncio, os, pathlib, signal, sys
from attune_controller.store.sqlite.migrations import MIGRATIONS
from attune_controller.store.sqlite.store import open_sqlite_store
apsw.connection_hooks.append(lambda c: c.create_scalar_function("die", lambda: os.kill(os.getpid(), signal.SIGKILL)))
dying = "CREATE TABLE more (number INTEGER PRIMARY KEY) STRICT; INSERT INTO more VALUES (7); SELECT die();"
asyncio.run(open_sqlite_store(pathlib.Path(sys.argv[1]), steps=(*MIGRATIONS[: int(sys.argv[2])], dying)))
"""


@pytest.mark.parametrize("done", [0, len(MIGRATIONS)])
async def test_a_crash_in_the_middle_of_a_migration_is_made_good_by_the_next_start(tmp_path: Path, done: int) -> None:
    if done:
        store = await open_sqlite_store(tmp_path)
        await store.accept_event(event("1"))
        await store.close()
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", DYING, str(tmp_path), str(done)], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = await open_sqlite_store(tmp_path, steps=(*MIGRATIONS, SECOND))
    assert (await again.find_event("", "1") is not None) == bool(done)
    await again.close()


async def test_a_damaged_file_is_named_as_that_and_kept(tmp_path: Path) -> None:
    store = await open_sqlite_store(tmp_path)
    await store.close()
    damaged = b"no database at all" * 1000
    (tmp_path / "store.sqlite").write_bytes(damaged)
    with pytest.raises(StoreDamaged):
        await open_sqlite_store(tmp_path)
    assert (tmp_path / "store.sqlite").read_bytes() == damaged


async def test_a_folder_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreFailed, match=r"Not a directory|File exists"):
        await open_sqlite_store(tmp_path / "file")
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreFailed):
        await open_sqlite_store(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


async def test_a_library_that_can_corrupt_the_store_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "OLDEST_SQLITE", (99, 0, 0))
    with pytest.raises(SqliteTooOld):
        await open_sqlite_store(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_closing_finishes_what_was_begun(tmp_path: Path) -> None:
    store = await open_sqlite_store(tmp_path)
    begun = [asyncio.ensure_future(store.accept_event(event(f"{number}"))) for number in range(50)]
    await asyncio.sleep(0)
    await store.close()
    assert [(await one).position for one in begun] == list(range(1, 51))
    with pytest.raises(StoreClosed):
        await store.record_sync(Sync())
    again = await open_sqlite_store(tmp_path)
    assert len(await again.unplanned(limit=100)) == 50
    await again.close()
