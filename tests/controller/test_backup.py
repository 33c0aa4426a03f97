"""Backups: made beside a running store, whole or not there, and refused when anything differs; what is restored begins another life."""

import asyncio
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import apsw
import pytest
from pydantic import ValidationError

from attune_controller.backup import MANIFEST, KeptFile, check_backup, make_backup, read_manifest
from attune_controller.errors import BackupRefused, BackupUnusable
from attune_controller.restoring import restore_backup
from attune_controller.store.errors import StoreTooNew
from attune_controller.store.port import Store
from attune_controller.store.records.events import EventFilter, EventStatus
from attune_controller.store.records.plans import PlannedEvent
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.ports import SystemClock, SystemRandom
from attune_core.rules.groups import Group, Member
from attune_core.states import Outcome, Reason, State
from tests.controller.store.making import event, found, move, plan_some, take


@pytest.fixture(autouse=True)
def private() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def restore(backup: Path, state: Path) -> None:
    restore_backup(backup, state, SystemClock(), SystemRandom())


async def let_wait(store: Store) -> None:
    """Leave an event in a group that a throttle lets wait."""
    position = (await store.accept_event(event("waiting"))).position
    kept = (Member(position=position, size=0),)
    group = Group(key=WAITING, terms="t", opened_at=1.0, last_at=1.0, due=2.0, back=0.0, count=1, members=kept)
    await store.record_plans([PlannedEvent(position=position, revision="r", groups=(group,))])


#: A rule and a key.
WAITING = ("web.page", '"a"')


async def a_state(folder: Path) -> Path:
    """Make a state directory: a settled, a handed and an unplaced execution, an event without a plan, and files around the store."""
    store = await open_sqlite_store(folder / "store")
    await plan_some(store, "a", "b")
    await take(store)
    await store.record_moves([move("a", State.SETTLED)])
    await plan_some(store, "nowhere", agent="")
    await let_wait(store)
    await store.accept_event(event("unplanned"))
    await store.close()
    for name, content in (("ca/key.pem", "k"), ("secrets/github", "s"), ("packs/" + "a" * 64 + ".tar", "p"), ("admin-token", "t")):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    (folder / "secrets/github").chmod(0o400)
    (folder / "listening.json").write_text("{}")
    (folder / "mirror.git").mkdir()
    return folder


async def test_a_backup_holds_what_cannot_be_had_again_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    state = await a_state(tmp_path / "state")
    made = await asyncio.to_thread(make_backup, state, tmp_path / "backup", now=5.0)
    names = {"store/format", "store/store.sqlite", "ca/key.pem", "secrets/github", "packs/" + "a" * 64 + ".tar", "admin-token"}
    assert {one.path for one in made.files} == names
    assert {str(path.relative_to(tmp_path / "backup")) for path in (tmp_path / "backup").rglob("*") if path.is_file()} == names | {MANIFEST}
    assert all(path.stat().st_mode & 0o077 == 0 for path in [tmp_path / "backup", *(tmp_path / "backup").rglob("*")])
    assert read_manifest(tmp_path / "backup") == made
    assert not list(tmp_path.glob(".*"))


async def test_a_restored_store_has_everything_under_another_identity_and_says_what_is_not_known(tmp_path: Path) -> None:
    state = await a_state(tmp_path / "state")
    made = await asyncio.to_thread(make_backup, state, tmp_path / "backup", now=5.0)
    restored = await asyncio.to_thread(restore_backup, tmp_path / "backup", tmp_path / "new", SystemClock(), SystemRandom())
    assert (restored.dead_letters, restored.lost, restored.groups) == (1, 1, 1)
    store = await open_sqlite_store(tmp_path / "new/store")
    assert store.incarnation == restored.incarnation != made.incarnation
    assert [(await found(store, one)).state for one in ("a", "b")] == [State.SETTLED, State.QUEUED]
    nowhere = await found(store, "nowhere")
    assert (nowhere.outcome, nowhere.reason) == (Outcome.LOST, Reason.START_UNKNOWN)
    end = await store.group_end(WAITING, 1)
    assert end is not None
    assert end.outcome == "restored"
    assert await store.list_groups(after=("", ""), limit=9) == []
    (dead,) = (await store.events(before=None, limit=9, where=EventFilter(status=EventStatus.DEAD_LETTER))).events
    assert (dead.new.id, "retry it" in dead.reason) == ("unplanned", True)
    assert [one.new.subject for one in await store.unplanned(limit=9)] == [""]  # what was lost is an event
    await store.close()
    assert (tmp_path / "new/secrets/github").stat().st_mode & 0o777 == 0o400


async def test_a_backup_beside_a_busy_store_is_one_moment_of_it(tmp_path: Path) -> None:
    store = await open_sqlite_store(tmp_path / "state/store")
    answered: list[int] = []

    async def go_on() -> None:
        for number in range(400):
            await plan_some(store, f"x{number}")
            answered.append(number)

    busy = asyncio.ensure_future(go_on())
    for name in ("first", "second"):
        known = len(answered)
        await asyncio.to_thread(make_backup, tmp_path / "state", tmp_path / name, now=5.0)
        copied = await open_sqlite_store(tmp_path / name / "store")
        executions = [one.new.id for one in reversed(await copied.executions(before=None, limit=1000))]
        assert executions == [f"x{number}" for number in range(len(executions))]
        assert len(executions) >= known
        await copied.close()
    await busy
    await store.close()


async def test_a_place_that_is_taken_is_refused_and_what_a_killed_backup_left_is_not_in_the_way(tmp_path: Path) -> None:
    state = await a_state(tmp_path / "state")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/file").write_text("")
    with pytest.raises(BackupRefused):
        make_backup(state, tmp_path / "taken", now=5.0)
    (tmp_path / ".backup.part").mkdir()
    (tmp_path / ".backup.part/half").write_text("")
    (tmp_path / "backup").mkdir()
    make_backup(state, tmp_path / "backup", now=5.0)
    with pytest.raises(BackupRefused):
        await asyncio.to_thread(restore, tmp_path / "backup", tmp_path / "taken")
    with pytest.raises(BackupRefused, match="holds no controller's store"):
        make_backup(tmp_path / "taken", tmp_path / "other", now=5.0)


async def test_a_backup_that_was_killed_has_no_manifest_and_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = await a_state(tmp_path / "state")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("attune_controller.backup.failpoint", die)
    with pytest.raises(KeyboardInterrupt):
        make_backup(state, tmp_path / "backup", now=5.0)
    assert not (tmp_path / "backup").exists()
    with pytest.raises(BackupUnusable, match="no backup, or not a whole one"):
        read_manifest(tmp_path / ".backup.part")
    left = await open_sqlite_store(tmp_path / ".backup.part/store")  # and what is there opens all the same
    assert await left.execution("a") is not None
    await left.close()


async def test_whatever_differs_from_the_manifest_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    state = await a_state(tmp_path / "state")
    make_backup(state, tmp_path / "backup", now=5.0)
    key = tmp_path / "backup/ca/key.pem"
    assert list(check_backup(tmp_path / "backup")) == []
    key.write_text("K")
    assert [damage.file for damage in check_backup(tmp_path / "backup")] == [str(key)]
    with pytest.raises(BackupUnusable, match=r"ca/key\.pem"):
        await asyncio.to_thread(restore, tmp_path / "backup", tmp_path / "new")
    key.unlink()
    with pytest.raises(BackupUnusable, match=r"ca/key\.pem"):
        await asyncio.to_thread(restore, tmp_path / "backup", tmp_path / "new")
    manifest = tmp_path / "backup" / MANIFEST
    text = manifest.read_text()
    for changed in ("{", text.replace('"format": 1', '"format": 2'), text.replace("ca/key.pem", "../ca/key.pem")):
        manifest.write_text(changed)
        assert [damage.file for damage in check_backup(tmp_path / "backup")] == [str(manifest)]
        with pytest.raises(BackupUnusable):
            await asyncio.to_thread(restore, tmp_path / "backup", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("path", ["..", ".", "../planted", "ca/../planted", "/etc/planted", "ca//key.pem", "ca/", "a/b/c", ""])
def test_a_manifest_names_nothing_outside_of_the_directory(path: str) -> None:
    with pytest.raises(ValidationError):
        KeptFile(path=path, size=1, mode=0o600, sha256="0" * 64)


async def test_what_is_restored_is_its_owner_s_alone_and_comes_through_no_link(tmp_path: Path) -> None:
    state = await a_state(tmp_path / "state")
    make_backup(state, tmp_path / "backup", now=5.0)
    manifest, key = tmp_path / "backup" / MANIFEST, tmp_path / "backup/ca/key.pem"
    manifest.write_text(manifest.read_text().replace('"mode": 384', '"mode": 511'))
    await asyncio.to_thread(restore, tmp_path / "backup", tmp_path / "new")
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "new").rglob("*"))
    key.rename(tmp_path / "elsewhere")
    for plant in (partial(key.symlink_to, tmp_path / "elsewhere"), partial(os.mkfifo, key)):
        plant()
        with pytest.raises(BackupUnusable, match=r"ca/key\.pem"):
            await asyncio.to_thread(restore, tmp_path / "backup", tmp_path / "newer")
        key.unlink()


async def test_a_file_of_any_name_is_kept(tmp_path: Path) -> None:
    state = await a_state(tmp_path / "state")
    (state / "secrets/old key (copy)~").write_text("s")
    make_backup(state, tmp_path / "backup", now=5.0)
    await asyncio.to_thread(restore, tmp_path / "backup", tmp_path / "new")
    assert (tmp_path / "new/secrets/old key (copy)~").read_text() == "s"


async def test_a_backup_of_a_newer_version_is_refused_with_both_versions(tmp_path: Path) -> None:
    state = await a_state(tmp_path / "state")
    connection = apsw.Connection(str(state / "store/store.sqlite"))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    made = make_backup(state, tmp_path / "backup", now=5.0)
    assert made.store_version == 99
    with pytest.raises(StoreTooNew, match="version 99"):
        await asyncio.to_thread(restore, tmp_path / "backup", tmp_path / "new")
    assert not (tmp_path / "new").exists()
