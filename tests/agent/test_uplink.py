"""Sessions over a real connection: what is acknowledged and reported when, and what comes again after any break."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import trustme
from structlog.testing import capture_logs

from attune_agent.state.sqlite import SqliteState
from attune_core.marks import Mark
from attune_core.states import Reason
from attune_core.wire.assignment import Assign, Policy
from attune_core.wire.stream_frames import (
    Activate,
    ActivateFrame,
    Cancel,
    CancelFrame,
    Drain,
    DrainFrame,
    Pause,
    PauseFrame,
    ReadLog,
    ReadLogFrame,
)
from tests.agent.assignments import assignment
from tests.agent.connected import Connected, connected
from tests.agent.controller_stub import controller_stub
from tests.agent.world import QUEUE
from tests.waiting import eventually

MARK = Mark(note="disk swap", by="ops", since=1_700_000_000.0)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Connected]:
    async with connected(tmp_path) as it:
        yield it


async def test_an_assignment_is_acknowledged_and_its_moves_are_reported(agent: Connected) -> None:
    agent.assign(assignment("1", 1))
    acks = await agent.said("ack", bool)
    assert acks[0]["last"] == 1
    await eventually(lambda: agent.world.host.witness == [("1", 1)])
    agent.world.host.finish("1", body=b'{"a": 1}')
    reports = await agent.said("report", lambda reports: len(reports) == 2)
    assert [report["state"] for report in reports] == ["started", "settled"]
    assert reports[1]["result"] == {"a": 1}
    await eventually(lambda: len(agent.world.outbox) == 0)


async def test_many_assignments_of_one_chunk_are_acknowledged_together(agent: Connected) -> None:
    agent.assign(*[assignment(str(number), number) for number in range(1, 61)])
    await agent.said("ack", lambda acks: bool(acks) and acks[-1]["last"] == 60)
    assert len(agent.stub.said("ack")) < 20


async def test_frames_are_numbered_from_one_in_each_session_and_grow(agent: Connected) -> None:
    agent.assign(*[assignment(str(number), number) for number in range(1, 6)])
    await agent.said("ack", lambda acks: bool(acks) and acks[-1]["last"] == 5)
    agent.stub.cut()
    await agent.session(2)
    await eventually(lambda: bool(agent.stub.frames.get("session-2")))
    for frames in agent.stub.frames.values():
        numbers = [int(str(frame["n"])) for frame in frames]
        assert numbers == sorted(set(numbers))
        assert numbers[0] == 1


async def test_a_report_that_was_not_answered_is_sent_again_in_the_next_session(agent: Connected) -> None:
    agent.stub.answering.clear()
    agent.assign(assignment("1", 1))
    await eventually(lambda: bool(agent.world.host.witness))
    agent.world.host.finish("1")
    await eventually(lambda: len(agent.world.outbox) == 2)
    agent.stub.cut()
    agent.stub.answering.set()
    await agent.session(2)
    await eventually(lambda: len(agent.world.outbox) == 0)
    assert [report["state"] for report in agent.stub.said("report", "session-2")] == ["started", "settled"]


async def test_a_hello_names_what_is_held_what_runs_and_the_session_before(agent: Connected) -> None:
    agent.assign(assignment("1", 1), assignment("2", 2))
    await eventually(lambda: bool(agent.world.host.witness))
    await agent.said("ack", lambda acks: bool(acks) and acks[-1]["last"] == 2)
    agent.stub.cut()
    await agent.session(2)
    first, second = agent.stub.hellos
    assert (first["previous"], first["queues"], first["running"]) == ("", [], [])
    assert second["previous"] == "session-1"
    assert second["running"] == ["1"]
    assert second["queues"] == [{"queue": {"place": "web1", "action": "web.restart", "key": "null"}, "epoch": 0, "last": 2}]


async def test_the_session_is_on_disk_before_its_stream_is_opened(agent: Connected) -> None:
    assert [asked.path for asked in agent.stub.asked][:2] == ["/agent/v1/hello", "/agent/v1/stream"]
    await agent.stop()
    again = SqliteState(agent.place / "agent.sqlite", instance="x")
    assert again.load().session == "session-1"
    await again.close()
    await agent.start()


async def test_silence_for_three_pings_ends_the_session(tmp_path: Path) -> None:
    async with connected(tmp_path, ping_interval=0.1) as agent:
        agent.stub.ping()
        await agent.session(2)
        assert len(agent.stub.hellos) >= 2


async def test_pings_keep_a_session_open(tmp_path: Path) -> None:
    async with connected(tmp_path, ping_interval=0.5) as agent:
        loop = asyncio.get_running_loop()
        end = loop.time() + 2.5

        def ping_until_the_end() -> bool:
            agent.stub.ping()
            return loop.time() > end

        await eventually(ping_until_the_end)
        assert len(agent.stub.hellos) == 1


async def test_the_agent_shows_a_sign_of_life_in_every_ping_interval(tmp_path: Path) -> None:
    async with connected(tmp_path, ping_interval=0.5) as agent:
        agent.stub.ping()
        await agent.said("status", lambda statuses: len(statuses) >= 2)
        assert len(agent.stub.hellos) == 1


async def test_a_status_says_why_heads_wait(tmp_path: Path) -> None:
    async with connected(tmp_path, ping_interval=1.0) as agent:
        agent.assign(assignment("1", 1), assignment("2", 2))

        def said() -> list[dict[str, object]]:
            agent.stub.ping()
            queues = [status["queues"] for status in agent.stub.said("status")]
            return [one for found in queues if isinstance(found, list) for one in found]

        await eventually(lambda: bool(said()))
        assert "limit 1" in str(said()[-1]["waiting_for"])


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"format_disk","n":1,"body":{}}\n',
        b'{"type":"assign","n":1,"body":{"execution":"1"}}\n',
        b"not json\n",
        b'{"type":"ping","n":0,"body":{}}\n',
        b"x" * (3 << 20),
    ],
    ids=["unknown type", "half a body", "no json", "number not growing", "no end of line"],
)
async def test_a_frame_that_the_protocol_does_not_have_ends_the_session_and_nothing_else(agent: Connected, line: bytes) -> None:
    agent.stub.send_raw(line)
    await agent.session(2)
    agent.assign(assignment("1", 1))
    await agent.said("ack", bool)


async def test_unknown_fields_are_ignored(agent: Connected) -> None:
    agent.stub.send_raw(b'{"type":"ping","n":1,"body":{"new":1},"newer":2}\n')
    agent.stub._n = 1
    agent.assign(assignment("1", 1))
    await agent.said("ack", bool)
    assert len(agent.stub.hellos) == 1


async def test_a_gap_is_answered_with_what_is_held(agent: Connected) -> None:
    agent.assign(assignment("1", 1))
    await agent.said("ack", bool)
    agent.assign(assignment("3", 3))
    acks = await agent.said("ack", lambda acks: len(acks) == 2)
    assert acks[-1]["last"] == 1
    assert list(agent.world.fifo.waiting(QUEUE)) == ["1"]


async def test_a_cancellation_is_answered_by_a_report(agent: Connected) -> None:
    agent.assign(assignment("1", 1), assignment("2", 2))
    agent.stub.send(CancelFrame(n=0, body=Cancel(execution="2", reason=Reason.REMOVED)))
    reports = await agent.said("report", lambda all_: any(report["state"] == "settled" for report in all_))
    assert [(report["execution"], report["reason"]) for report in reports if report["state"] == "settled"] == [("2", "removed")]


async def test_a_policy_of_a_new_revision_holds_at_once(agent: Connected) -> None:
    agent.assign(*[assignment(str(number), number) for number in range(1, 4)])
    await eventually(lambda: bool(agent.world.host.witness))
    agent.stub.send(ActivateFrame(n=0, body=Activate(revision="r2", policies={"web.restart": Policy(limit=2)})))
    await eventually(lambda: agent.world.host.started() == ["1", "2"])


async def test_a_pause_holds_until_the_controller_lifts_it_and_through_a_lost_session(agent: Connected) -> None:
    agent.stub.send(PauseFrame(n=0, body=Pause(mark=MARK)))
    agent.assign(assignment("1", 1))
    await agent.said("ack", bool)
    assert agent.world.host.witness == []
    agent.stub.welcome = {"paused": MARK.model_dump()}
    agent.stub.cut()
    await agent.session(2)
    assert agent.world.host.witness == []
    agent.stub.send(PauseFrame(n=0, body=Pause()))
    await eventually(lambda: agent.world.host.witness == [("1", 1)])


async def test_a_pause_of_which_the_next_welcome_says_nothing_is_over(agent: Connected) -> None:
    agent.stub.send(PauseFrame(n=0, body=Pause(mark=MARK)))
    agent.assign(assignment("1", 1))
    await agent.said("ack", bool)
    agent.stub.cut()
    await agent.session(2)
    await eventually(lambda: agent.world.host.witness == [("1", 1)])


async def test_a_drain_hinders_no_start(agent: Connected) -> None:
    agent.stub.send(DrainFrame(n=0, body=Drain(mark=MARK)))
    agent.assign(assignment("1", 1))
    await eventually(lambda: agent.world.host.witness == [("1", 1)])
    assert agent.world.marks.draining == MARK
    agent.world.host.finish("1", 1)
    await agent.said("report", lambda reports: bool(reports) and reports[-1]["state"] == "settled")
    statuses = await agent.said("status", lambda said: said[-1]["in_hand"] == 0)
    assert len(statuses) < 10, "said at once, and not with the next sign of life"


async def test_a_log_window_is_answered_with_bytes(agent: Connected) -> None:
    folder = agent.place / "logs" / "2026-11" / "e-1" / "1"
    folder.mkdir(parents=True)
    (folder / "stdout.head").write_bytes(b"0123456789")
    request = ReadLog(request="r1", execution="e-1", attempt=0, stream="stdout", offset=2, limit=4)
    agent.stub.send(ReadLogFrame(n=0, body=request))
    (window,) = await agent.said("log_window", bool)
    assert window["request"] == "r1"
    assert (base64.b64decode(str(window["content"])), window["offset"], window["total"]) == (b"2345", 2, 10)


async def test_a_log_that_is_not_there_is_said_to_be_missing(agent: Connected) -> None:
    for number, execution in enumerate(("nobody", "../../etc", "*")):
        request = ReadLog(request=f"r{number}", execution=execution, attempt=1, stream="stderr", offset=0, limit=4)
        agent.stub.send(ReadLogFrame(n=0, body=request))
    windows = await agent.said("log_window", lambda all_: len(all_) == 3)
    assert all(window["missing"] and window["ended"] and not window["content"] for window in windows)


async def test_work_goes_on_without_a_controller(agent: Connected) -> None:
    agent.assign(*[assignment(str(number), number) for number in range(1, 4)])
    await agent.said("ack", lambda acks: bool(acks) and acks[-1]["last"] == 3)
    agent.stub.answers["/agent/v1/hello"] = (503, b"{}")
    agent.stub.cut()
    for number in range(1, 4):
        await eventually(lambda name=str(number): name in agent.world.host.started())  # type: ignore[misc]  # bound now
        agent.world.host.finish(str(number))
    await eventually(lambda: len(agent.world.fifo) == 0)
    del agent.stub.answers["/agent/v1/hello"]
    await agent.session(2)
    await eventually(lambda: len(agent.world.outbox) == 0)
    settled = [report["execution"] for report in agent.stub.said("report") if report["state"] == "settled"]
    assert list(dict.fromkeys(settled)) == ["1", "2", "3"]  # a break may have said one twice


async def test_a_disk_that_refuses_ends_the_session_and_the_work_comes_again(agent: Connected) -> None:
    state = agent.world.state
    assert isinstance(state, SqliteState)
    pages = state._connection.pragma("page_count")
    state._connection.pragma("max_page_count", pages)
    agent.assign(*[assignment(str(number), number, text="x" * 9000) for number in range(1, 40)])
    await agent.session(2)
    state._connection.pragma("max_page_count", 1 << 30)
    assert not agent.stub.said("ack") or agent.stub.said("ack")[-1]["last"] != 39
    await eventually(lambda: len(agent.stub.streams) == len(agent.stub.hellos))
    held = {queue["last"] for hello in agent.stub.hellos[1:] for queue in hello["queues"]}  # type: ignore[attr-defined]  # JSON
    last = max(held, default=0)
    agent.assign(*[assignment(str(number), number, text="x" * 9000) for number in range(last + 1, 40)])
    await agent.said("ack", lambda acks: bool(acks) and acks[-1]["last"] == 39)


async def test_a_certificate_that_is_not_trusted_is_explained_once(tmp_path: Path) -> None:
    async with controller_stub() as stub:
        agent = Connected(stub, tmp_path)
        agent.trusts = trustme.CA()
        with capture_logs() as entries:
            await agent.begin()
            await eventually(lambda: agent.pauses.taken >= 5, what="five tries")
            await agent.stop()
    explained = [entry for entry in entries if "ATT381" in str(entry.get("error"))]
    assert len(explained) == 1
    assert "clock" in str(explained[0]["remedy"])


async def test_a_defect_in_a_frame_s_way_costs_a_session_and_not_the_agent(agent: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    assign, once = agent.world.inbox.assign, [ZeroDivisionError("a defect")]

    def defective(assigns: Sequence[Assign]) -> None:
        if once:
            raise once.pop()
        assign(assigns)

    monkeypatch.setattr(agent.world.inbox, "assign", defective)
    with capture_logs() as entries:
        agent.assign(assignment("1", 1))
        await agent.session(2)
    assert any(entry["event"] == "a defect ended the session" for entry in entries)
    agent.assign(assignment("1", 1))
    await agent.said("ack", bool)
