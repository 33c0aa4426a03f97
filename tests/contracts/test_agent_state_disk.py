"""What only the disk can show: full disks, a second process, files of other versions, damage, and what a kill leaves."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from attune_agent.errors import StateFormatUnknown, StateInUse, StateUnreadable, StateUnwritable
from attune_agent.state.records import report_text
from attune_agent.state.schema import MIGRATIONS
from attune_agent.state.sqlite import SqliteState
from attune_core.states import Outcome, State
from attune_core.wire.agent_frames import Report
from tests.agent.assignments import assignment


async def test_an_append_that_failed_leaves_no_gap_for_the_next_one(tmp_path: Path) -> None:
    state = SqliteState(tmp_path / "agent.sqlite", instance="one")
    await state.append([assignment("a", 1)])
    refused = state.append([assignment("c", 3)])
    following = state.append([assignment("d", 4)])
    for written in (refused, following):
        with pytest.raises(StateUnwritable):
            await written
    await state.append([assignment("b", 2)])
    assert [item.execution for item in (await _reopened(state, tmp_path)).load().items] == ["a", "b"]


async def test_a_full_disk_refuses_and_everything_acknowledged_before_is_there(tmp_path: Path) -> None:
    state = SqliteState(tmp_path / "agent.sqlite", instance="one")
    pages = state._connection.pragma("page_count")
    state._connection.pragma("max_page_count", pages + 40)
    writes = [state.append([assignment(str(number), number, text="x" * 3000)]) for number in range(1, 300)]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    one_by_one = [outcome for outcome in outcomes if outcome is None]
    assert any(isinstance(outcome, StateUnwritable) for outcome in outcomes)
    stored = len(one_by_one)
    while stored < 300:  # what still fits, one to a commit
        try:
            await state.append([assignment(str(stored + 1), stored + 1, text="x" * 3000)])
        except StateUnwritable:
            break
        stored += 1
    assert 3 < stored < 300
    state._connection.pragma("max_page_count", 1 << 30)  # space came back
    await state.append([assignment("after", stored + 1)])
    again = await _reopened(state, tmp_path)
    assert [item.sequence for item in again.load().items] == list(range(1, stored + 2))


async def test_a_second_process_on_one_state_is_refused(tmp_path: Path) -> None:
    state = SqliteState(tmp_path / "agent.sqlite", instance="one")
    await state.append([assignment("a", 1)])
    with pytest.raises(StateInUse):
        SqliteState(tmp_path / "agent.sqlite", instance="two")
    await state.close()


async def test_a_later_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "agent.sqlite"
    await SqliteState(path, instance="one").close()
    database = apsw.Connection(str(path))
    database.pragma("user_version", 99)
    database.close()
    with pytest.raises(StateFormatUnknown):
        SqliteState(path, instance="two")
    database = apsw.Connection(str(path))
    assert database.pragma("user_version") == 99
    database.close()


async def test_a_database_of_an_earlier_version_is_copied_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "agent.sqlite"
    with apsw.Connection(str(path)) as database:
        database.execute(MIGRATIONS[0])
        database.execute("INSERT INTO queues VALUES ('web1', 'web.restart', 'null', 0, 1)")
        body = assignment("a", 1).model_dump_json()
        database.execute(
            "INSERT INTO items (execution, place, action, key, epoch, sequence, body) VALUES ('a', 'web1', 'web.restart', 'null', 0, 1, ?)",
            (body,),
        )
    database.close()
    state = SqliteState(path, instance="one")
    assert [(item.execution, item.accepted) for item in state.load().items] == [("a", 0.0)]
    await state.append([assignment("b", 2)])
    await state.close()
    copy = apsw.Connection(str(tmp_path / "agent.sqlite.v1"))
    assert copy.execute("SELECT execution FROM items").get == "a"
    assert copy.pragma("user_version") == 1
    copy.close()
    assert (tmp_path / "agent.sqlite.v1").stat().st_mode & 0o777 == 0o600


async def test_a_file_that_is_found_damaged_later_is_named_and_nothing_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "agent.sqlite"
    state = SqliteState(path, instance="one")
    await asyncio.gather(*(state.append([assignment(f"e{number}", number, text="x" * 9000)]) for number in range(1, 400)))
    await state.close()
    state = SqliteState(path, instance="one")
    state.require_whole()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    results = await asyncio.gather(*(state.body(f"e{number}") for number in range(1, 400)), return_exceptions=True)
    assert any(isinstance(result, StateUnwritable) for result in results)
    with pytest.raises(StateUnreadable, match=r"agent\.sqlite"):
        state.require_whole()
    await state.close()
    assert path.stat().st_size == size


async def test_queues_that_are_used_no_more_are_forgotten_when_nothing_of_them_is_left(tmp_path: Path) -> None:
    path, report = tmp_path / "agent.sqlite", report_text(Report(execution="old", attempt=1, state=State.SETTLED, at=1.0))
    state = SqliteState(path, instance="one")
    await state.append([assignment("old", 1, key='"old"'), assignment("held", 1, key='"held"')], now=100.0)
    await state.append([assignment("new", 1, key='"new"')], now=900.0)
    number = await state.let_go("old", report)

    async def kept() -> list[str]:
        nonlocal state
        await state.close()
        state = SqliteState(path, instance="one")
        state.forget_queues(before=500.0, now=1000.0)
        return sorted(held.queue.key for held in state.load().held)

    assert await kept() == ['"held"', '"new"', '"old"'], "the controller has not acknowledged the report"
    await state.drop_reports(number)
    assert await kept() == ['"held"', '"new"']
    await state.append([assignment("again", 7, after=0, key='"old"')], now=1000.0)
    assert await kept() == ['"held"', '"new"', '"old"']
    await state.close()


def test_what_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "agent.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StateUnreadable):
        SqliteState(path, instance="one")
    assert path.read_bytes() == b"this is no database" * 100


async def test_many_writes_share_few_commits(tmp_path: Path) -> None:
    state = SqliteState(tmp_path / "agent.sqlite", instance="one")
    state.load()
    commits = 0

    def count() -> bool:
        nonlocal commits
        commits += 1
        return False

    state._connection.set_commit_hook(count)
    await asyncio.gather(*[state.append([assignment(str(number), number)]) for number in range(1, 201)])
    assert commits < 20
    state._connection.set_commit_hook(None)
    await state.close()


async def test_every_commit_is_synced_before_it_is_answered(tmp_path: Path) -> None:
    state = SqliteState(tmp_path / "agent.sqlite", instance="one")
    assert state._connection.pragma("synchronous") == 2
    assert state._connection.pragma("journal_mode") == "wal"
    await state.close()


_WRITE_UNTIL_KILLED = """
import asyncio, sys
from pathlib import Path
from attune_agent.state.schema import MIGRATIONS
from attune_agent.state.sqlite import SqliteState
from tests.agent.assignments import assignment

async def main():
    state = SqliteState(Path(sys.argv[1]), instance="one")
    state.load()
    number = 0
    while True:
        number += 1
        await state.append([assignment(str(number), number)])
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [1, 40, 90])
def test_what_was_answered_before_a_kill_is_there_after_it(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "agent.sqlite"
    child = subprocess.Popen(
        [sys.executable, "-c", _WRITE_UNTIL_KILLED, str(path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], text=True
    )
    assert child.stdout is not None
    answered = [int(child.stdout.readline()) for _ in range(lines)]
    os.kill(child.pid, signal.SIGKILL)
    answered += [int(line) for line in child.stdout.read().splitlines() if line]
    child.wait()
    child.stdout.close()
    state = SqliteState(path, instance="two")
    loaded = state.load()
    asyncio.run(state.close())
    assert loaded.instance == "one"
    assert [item.sequence for item in loaded.items][: len(answered)] == answered
    assert loaded.held[0].last == len(loaded.items)


async def test_lazy_writes_come_to_the_disk_by_themselves(tmp_path: Path) -> None:
    state = SqliteState(tmp_path / "agent.sqlite", instance="one")
    report = report_text(Report(execution="a", attempt=1, state=State.PREPARING, outcome=Outcome.FAILED, at=0.0))
    async with asyncio.timeout(5):
        assert await state.add_report(report) == 1
    await state.close()


async def _reopened(state: SqliteState, folder: Path) -> SqliteState:
    await state.close()
    return SqliteState(folder / "agent.sqlite", instance="again")
