"""What earlier versions left on disk and said on the wire: today's programs open it, keep a copy, and go on where they stopped."""

import asyncio
import os
from pathlib import Path

import apsw
import pytest
from pydantic import TypeAdapter

from attune_agent.executor.frames import decode_segment
from attune_agent.executor.ledger import Ledger
from attune_agent.journal_check import check_journal
from attune_agent.state.checking import check_state
from attune_agent.state.records import Phase
from attune_agent.state.schema import VERSION
from attune_agent.state.sqlite import SqliteState
from attune_controller.sessions.incoming import read_frames
from attune_controller.store.records.agents import Held
from attune_controller.store.records.events import EventFilter, EventStatus
from attune_controller.store.records.executions import QueueKey
from attune_controller.store.sqlite.checking import check_store
from attune_controller.store.sqlite.migrations import MIGRATIONS
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.states import Outcome, Reason, State
from attune_core.wire.agent_frames import AckFrame, ReportFrame, StatusFrame
from attune_core.wire.session import Hello
from attune_core.wire.stream_frames import AssignFrame, StreamFrame
from tests.agent.assignments import assignment
from tests.controller.store.making import found, move, take

RECORDED = sorted(path for path in Path(__file__).parent.iterdir() if (path / "controller.sql").exists())
QUEUE = QueueKey(place="web1", action="web.restart", key="null")


@pytest.fixture(params=RECORDED, ids=lambda path: str(path.name))
def recorded(request: pytest.FixtureRequest) -> Path:
    place: Path = request.param
    return place


def database(sql: Path, place: Path) -> None:
    """Make a file of a recorded database, as private as the programs make it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o600))
    connection = apsw.Connection(str(place))
    connection.execute(sql.read_text(encoding="utf-8"))
    connection.close()


def version_of(place: Path) -> int:
    connection = apsw.Connection(str(place))
    version = connection.execute("PRAGMA user_version").get
    connection.close()
    assert isinstance(version, int)
    return version


def execution_id(number: int) -> str:
    return f"018bcfe5-0000-7000-8000-{number:012}"


async def test_a_controller_s_store_goes_on_after_its_migration(tmp_path: Path, recorded: Path) -> None:
    place = tmp_path / "store/store.sqlite"
    database(recorded / "controller.sql", place)
    (tmp_path / "store/format").write_text("attune-controller-store 1\n")
    before = version_of(place)
    store = await open_sqlite_store(tmp_path / "store")
    assert version_of(place) == len(MIGRATIONS)
    assert version_of(place.with_name(f"store.sqlite.v{before}")) == before
    states = [(one.number, one.state, one.sequence) for one in reversed(await store.executions(before=None, limit=99))]
    assert states == [
        (1, State.SETTLED, 1),
        (2, State.STARTED, 2),
        *((number, State.QUEUED, number) for number in (3, 4, 5, 6)),
        (7, State.ACCEPTED, 0),
    ]
    first = await found(store, execution_id(1))
    assert (first.outcome, first.reason, first.exit_code, first.result) == (Outcome.FAILED, Reason.EXIT_CODE, 3, {"active": False})
    assert [one.new.id for one in (await store.events(before=None, limit=9, where=EventFilter(status=EventStatus.DEAD_LETTER))).events] == [
        "dead"
    ]
    assert [one.new.id for one in await store.unplanned(limit=9)] == ["unplanned", execution_id(1)]
    assert await store.resume_handovers("web1", [Held(queue=QUEUE, epoch=0, last=4)]) == []
    assert await take(store) == [(execution_id(5), 4), (execution_id(6), 5)]
    await store.record_moves([move(execution_id(2), State.SETTLED), move(execution_id(3), State.STARTED)])
    assert (await store.place(execution_id(7), "web1")).sequence == 7
    assert await store.depths([QUEUE]) == {QUEUE: 5}
    await store.close()
    assert list(check_store(tmp_path / "store")) == []


async def test_an_agent_s_state_goes_on_with_its_queue_half_done(tmp_path: Path, recorded: Path) -> None:
    place = tmp_path / "agent.sqlite"
    database(recorded / "agent.sql", place)
    before = version_of(place)
    state = SqliteState(place, instance="another")
    loaded = state.load()
    assert (loaded.instance, loaded.session) == ("i-recorded", "s-recorded")
    assert [(item.execution, item.phase, item.ever_started) for item in loaded.items] == [
        (execution_id(2), Phase.STARTED, True),
        (execution_id(3), Phase.WAITING, False),
        (execution_id(4), Phase.WAITING, False),
    ]
    assert [(held.queue.action, held.last) for held in loaded.held] == [("web.restart", 4)]
    assert len(loaded.outbox) == 2
    await state.append([assignment("e-5", 5)])
    await state.close()
    assert version_of(place) == VERSION
    assert before == VERSION or any(version_of(copy) == before for copy in tmp_path.glob("agent.sqlite.v*"))
    assert await asyncio.to_thread(lambda: list(check_state(place))) == []


def test_an_executor_s_journal_says_what_runs_and_what_has_ended(tmp_path: Path, recorded: Path) -> None:
    content = (recorded / "executor.journal").read_bytes()
    ledger = Ledger()
    for record in decode_segment(content):
        ledger.apply(record)
    ended, running = (ledger.get((execution_id(number), 1)) for number in (1, 2))
    assert ended is not None
    assert running is not None
    assert (ended.outcome is not None, running.outcome, ledger.life) == (True, None, "life-1")
    assert running.process is not None
    (tmp_path / "0000000001.journal").write_bytes(content)
    assert list(check_journal([tmp_path / "0000000001.journal"])) == []


def test_what_an_earlier_agent_says_is_taken(recorded: Path) -> None:
    hello = Hello.model_validate_json((recorded / "hello.json").read_bytes())
    assert (hello.instance, hello.queues[0].last) == ("i-recorded", 4)
    frames = read_frames((recorded / "from_agent.ndjson").read_bytes())
    assert [type(frame) for frame in frames] == [AckFrame, ReportFrame, StatusFrame]


def test_what_an_earlier_controller_sends_is_taken(recorded: Path) -> None:
    reading: TypeAdapter[StreamFrame] = TypeAdapter(StreamFrame)
    frames = [reading.validate_json(line) for line in (recorded / "from_controller.ndjson").read_bytes().splitlines()]
    assert [frame.body.sequence for frame in frames if isinstance(frame, AssignFrame)] == [1, 2]
