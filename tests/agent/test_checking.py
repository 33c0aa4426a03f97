"""`attune store check` on a host: flipped bytes of an agent's database and of an executor's journal."""

import asyncio
import json
import random
import shutil
from pathlib import Path

import apsw
import pytest

from attune_agent.errors import StateFormatUnknown, StateInUse, StateUnreadable
from attune_agent.executor.frames import HEADER, encode_frame, encode_header
from attune_agent.executor.ledger import Held, Started, end_record, pid_record, start_record
from attune_agent.journal_check import check_journal
from attune_agent.state.checking import check_state
from attune_agent.state.records import report_text
from attune_agent.state.sqlite import SqliteState
from attune_core.errors import AttuneError
from attune_core.states import State
from attune_core.wire.agent_frames import Report
from tests.agent.assignments import assignment
from tests.cli.commands import attune


async def an_agent(folder: Path) -> Path:
    """Make a state directory with a queue half done; return the database."""
    (folder / "agent").mkdir(parents=True)
    state = SqliteState(folder / "agent/agent.sqlite", instance="i-1")
    await state.append([assignment(f"e-{number}", number) for number in range(1, 9)])
    await state.mark_asked("e-1", 1, state_id="s", life="l")
    await state.let_go("e-2", report_text(Report(execution="e-2", attempt=1, state=State.SETTLED, at=1.0)))
    await state.close()
    return folder / "agent/agent.sqlite"


def a_journal(folder: Path) -> Path:
    """Make an executor's journal with a running and an ended attempt."""
    running, ended = (Held(name, 1, "attempt", slot, "/logs", "") for slot, name in enumerate(("e-1", "e-2")))
    outcome = {"execution": "e-2", "attempt": 1, "how": "exited", "code": 0}
    frames = [[start_record(running), start_record(ended)], [pid_record(running, Started(7, 9))], [end_record(outcome)]]
    content = encode_header(1) + b"".join(encode_frame(records) for records in frames)
    folder.mkdir(parents=True)
    place = folder / "0000000001.journal"
    place.write_bytes(content + bytes(4096))
    return place


@pytest.mark.parametrize("count", [pytest.param(60), pytest.param(1000, marks=pytest.mark.soak)])
async def test_a_flipped_byte_of_an_agent_s_database_is_found_or_moves_no_execution(tmp_path: Path, count: int) -> None:
    seed = random.randrange(1 << 30)
    chance, database = random.Random(seed), await an_agent(tmp_path / "whole")
    assert list(check_state(database)) == []
    whole, places = database.read_bytes(), _places(database)
    flipped = tmp_path / "flipped.sqlite"
    for _ in range(count):
        at = chance.randrange(len(whole))
        flipped.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :])
        try:
            found = bool(list(check_state(flipped)))
        except AttuneError:
            found = True
        assert found or _places(flipped) == places, (at, seed)


async def test_a_column_whose_name_has_changed_is_found(tmp_path: Path) -> None:
    database = await an_agent(tmp_path)
    renamed = database.read_bytes().replace(b"policies (action TEXT", b"policies (actiom TEXT", 1)
    assert renamed != database.read_bytes()
    database.write_bytes(renamed)
    assert "no such column" in str([one.what for one in check_state(database)])


def _places(database: Path) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    rows = [tuple(row) for row in connection.execute("SELECT execution, action, key, epoch, sequence FROM items ORDER BY sequence")]
    connection.close()
    return rows


@pytest.mark.parametrize("count", [pytest.param(200), pytest.param(1000, marks=pytest.mark.soak)])
def test_a_flipped_byte_of_a_journal_is_always_found_by_its_position(tmp_path: Path, count: int) -> None:
    place, seed = a_journal(tmp_path / "journal"), random.randrange(1 << 30)
    chance, whole = random.Random(seed), place.read_bytes()
    assert list(check_journal([place])) == []
    for _ in range(count):
        at = chance.randrange(HEADER.size, len(whole))
        place.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :])
        (damage,) = check_journal([place])
        assert damage.place.startswith("byte ")
        assert int(damage.place.removeprefix("byte ")) <= at, (at, seed)


def test_a_journal_that_was_cut_ends_where_it_was_cut(tmp_path: Path) -> None:
    place = a_journal(tmp_path / "journal")
    whole = place.read_bytes()
    place.write_bytes(whole[: HEADER.size + 40])
    assert list(check_journal([place])) == []  # a record that was never answered
    place.write_bytes(b"XTTJ" + whole[4:])
    assert [damage.place for damage in check_journal([place])] == ["byte 0"]
    place.write_bytes(whole[:5] + b"\x09" + whole[6:])
    (damage,) = check_journal([place])
    assert "version 9; this executor reads 1" in damage.what


async def test_an_agent_that_runs_a_newer_version_and_no_database_are_said(tmp_path: Path) -> None:
    database = await an_agent(tmp_path)
    state = SqliteState(database, instance="i-1")
    with pytest.raises(StateInUse):
        await asyncio.to_thread(lambda: list(check_state(database)))
    await state.close()
    connection = apsw.Connection(str(database))
    connection.execute("UPDATE items SET sequence = 99 WHERE execution = 'e-3'")
    connection.execute("UPDATE outbox SET body = '{}'")
    assert sorted(damage.what for damage in check_state(database)) == [
        "it cannot be read (4 mistakes)",
        "it does not stand where its assignment says",
        "its place lies beyond the last of its queue",
    ]
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StateFormatUnknown):
        list(check_state(database))
    with pytest.raises(StateUnreadable):
        list(check_state(tmp_path / "none.sqlite"))


async def test_the_command_says_file_place_and_remedy_and_its_exit_code_says_whether(tmp_path: Path) -> None:
    await an_agent(tmp_path / "agent-state")
    journal = a_journal(tmp_path / "executor/journal")
    whole = await asyncio.to_thread(attune, "store", "check", str(tmp_path / "agent-state"), str(tmp_path / "executor"), cwd=tmp_path)
    assert (whole.returncode, whole.stdout) == (0, "no damage found\n")
    content = journal.read_bytes()
    journal.write_bytes(content[:60] + b"\xff" + content[61:])
    kept = shutil.copytree(tmp_path / "executor", tmp_path / "kept")
    found = await asyncio.to_thread(attune, "store", "check", "--json", str(tmp_path / "executor"), cwd=tmp_path)
    assert found.returncode == 1
    (shown,) = json.loads(found.stdout)
    assert (shown["kind"], shown["file"], shown["place"]) == ("executor", str(journal), f"byte {HEADER.size}")
    assert "keep the directory" in shown["remedy"]
    assert journal.read_bytes() == (kept / "journal/0000000001.journal").read_bytes()
    nothing = await asyncio.to_thread(attune, "store", "check", str(tmp_path), cwd=tmp_path)
    assert (nothing.returncode, "ATT741" in nothing.stderr) == (2, True)
