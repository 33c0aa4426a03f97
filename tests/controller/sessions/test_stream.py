"""A stream whose other side does not behave: silent, slow, gone, or asking too much; on the ASGI interface, where time can be short."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from starlette.types import Message

from attune_controller.errors import AgentAway, AgentFellSilent, AgentSilent, ReaderTooSlow, SessionOver, TooManyQuestions
from attune_controller.fleet import Fleet
from attune_controller.log_relay import QUESTIONS, LogRelay
from attune_controller.sessions.clones import Clones
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.sessions.outbox import BYTES, LINES, Outbox
from attune_controller.sessions.session import Session
from attune_controller.sessions.stream import Stream
from attune_core.ports import SystemClock, SystemRandom
from attune_core.values import JsonObject
from attune_core.wire.agent_frames import LogWindow
from attune_core.wire.session import FRAME_LIMIT, Hello
from attune_core.wire.stream_frames import Cancel, CancelFrame, PingFrame, ReadLog, ReadLogFrame
from tests.controller.store.making import agent
from tests.waiting import eventually

INTERVAL = 0.1
QUESTION = ReadLog(request="", execution="x", attempt=0, stream="stdout", offset=0, limit=1)


class Bench:
    """A stream with a scripted other side."""

    def __init__(self) -> None:
        self.sessions, self.fleet, self.clock = OpenSessions(), Fleet(), SystemClock()
        self.fleet.enrolled([agent("one")])
        self.logs = LogRelay(self.sessions, self.clock, SystemRandom())
        self.sent: list[Message] = []
        self.gone = asyncio.Event()
        self.changes = 0

    def session(self, session_id: str = "s1") -> Session:
        hello = Hello(instance="i", boot_id="b", version="0", slots=1)
        session = Session(session_id=session_id, name="one", hello=hello, now=self.clock.monotonic())
        self.sessions.put(session)
        return session

    def start(
        self,
        session: Session,
        *,
        send: Callable[[Message], Awaitable[None]] | None = None,
        serve: Callable[[Session], Awaitable[None]],
        interval: float = INTERVAL,
    ) -> "asyncio.Task[None]":
        stream = Stream(self.sessions, Clones(), self.fleet, self.logs, self.clock, serve=serve, changed=self.count, interval=interval)
        return asyncio.create_task(stream.open(session, self.receive, send or self.send))

    def count(self) -> None:
        self.changes += 1

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    def lines(self) -> list[str]:
        return [str(frame["type"]) for frame in self._frames()]

    def questions(self) -> list[str]:
        """The requests of the questions for logs, in their order."""
        return [ReadLogFrame.model_validate(frame).body.request for frame in self._frames() if frame["type"] == "read_log"]

    def _frames(self) -> list[JsonObject]:
        bodies = b"".join(message.get("body", b"") for message in self.sent)
        return [json.loads(line) for line in bodies.splitlines()]


async def idle(_: Session) -> None:
    await asyncio.Event().wait()


async def test_pings_go_out_until_an_agent_that_says_nothing_is_let_go() -> None:
    bench = Bench()
    session = bench.session()
    stream = bench.start(session, serve=idle)
    await eventually(lambda: bench.fleet.connected() == 1)
    await stream
    assert isinstance(session.error, AgentFellSilent)
    assert bench.lines().count("ping") >= 2
    assert bench.fleet.connected() == 0
    assert bench.changes == 2
    assert bench.sessions.find("one") is None
    assert bench.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_an_agent_that_talks_is_kept() -> None:
    bench = Bench()
    session = bench.session()
    stream = bench.start(session, serve=idle)
    for count in range(5):
        await eventually(lambda count=count: bench.lines().count("ping") > count)  # type: ignore[misc] # bound early on purpose
        session.heard_at = bench.clock.monotonic()
    assert session.error is None
    bench.gone.set()
    await stream
    assert isinstance(session.error, SessionOver)


async def test_a_reader_that_takes_nothing_is_dropped_and_the_rest_of_the_controller_goes_on() -> None:
    bench = Bench()
    session = bench.session()
    blocked = asyncio.Event()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            blocked.set()
            await asyncio.Event().wait()

    async def serve(served: Session) -> None:
        for number in range(10 * LINES):
            await served.outbox.room()
            served.heard_at = bench.clock.monotonic()
            served.outbox.put(lambda n, number=number: CancelFrame(n=n, body=Cancel(execution=str(number))))  # type: ignore[misc]

    stream = bench.start(session, send=send, serve=serve)
    await blocked.wait()
    await stream
    assert isinstance(session.error, ReaderTooSlow)
    assert bench.fleet.connected() == 0


def test_an_outbox_is_bounded_in_lines_and_bytes() -> None:
    few = Outbox()
    for _ in range(LINES):
        few.put(lambda n: PingFrame(n=n))
    with pytest.raises(ReaderTooSlow):
        few.put(lambda n: PingFrame(n=n))
    large = Outbox()
    for _ in range(8):
        large.put(lambda n: cancel_of(n, BYTES // 8))
    with pytest.raises(ReaderTooSlow):
        large.put(lambda n: cancel_of(n, 1))
    with pytest.raises(ValueError, match="longer than"):
        Outbox().put(lambda n: cancel_of(n, FRAME_LIMIT))


def cancel_of(n: int, size: int) -> CancelFrame:
    """Return a frame of about that many bytes."""
    return CancelFrame(n=n, body=Cancel.model_construct(execution="x" * size))


async def test_there_is_room_again_once_half_of_it_was_taken() -> None:
    outbox = Outbox()
    for _ in range(LINES):
        outbox.put(lambda n: PingFrame(n=n))
    waiting = asyncio.create_task(outbox.room())
    taken = b""
    while not waiting.done():
        taken += await outbox.next(1)
        await asyncio.sleep(0)  # let the waiting one see it
    assert taken.count(b"\n") >= LINES // 2
    numbers = [json.loads(line)["n"] for line in (taken + await outbox.next(1)).splitlines()]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_what_dispatch_cannot_do_ends_the_session_and_not_the_controller() -> None:
    async def serve(_: Session) -> None:
        raise ValueError("an input too large for a line")

    bench = Bench()
    session = bench.session()
    await bench.start(session, serve=serve)
    assert isinstance(session.error, SessionOver)


async def test_an_older_stream_that_ends_does_not_make_the_newer_one_unreachable() -> None:
    bench = Bench()
    older = bench.session("s1")
    first = bench.start(older, serve=idle)
    await eventually(lambda: bench.fleet.connected() == 1)
    newer = bench.session("s2")
    second = bench.start(newer, serve=idle)
    await first
    assert isinstance(older.error, SessionOver)
    assert bench.fleet.connected() == 1
    bench.gone.set()
    await second
    assert bench.fleet.connected() == 0


async def test_an_agent_that_says_hello_and_never_opens_its_stream_is_not_connected() -> None:
    bench = Bench()
    first = bench.start(bench.session("s1"), serve=idle)
    await eventually(lambda: bench.fleet.connected() == 1)
    bench.session("s2")
    await first
    assert bench.fleet.connected() == 0


async def test_questions_for_logs_are_bounded_in_number_and_time() -> None:
    bench = Bench()
    session = bench.session()
    with pytest.raises(AgentAway):
        await bench.logs.read("one", QUESTION)
    stream = bench.start(session, serve=idle, interval=60.0)
    await eventually(lambda: bench.fleet.connected() == 1)
    bench.logs.patience = 0.05
    with pytest.raises(AgentSilent):
        await bench.logs.read("one", QUESTION)
    bench.logs.patience = 60.0
    asked = [asyncio.create_task(bench.logs.read("one", QUESTION)) for _ in range(QUESTIONS)]
    await eventually(lambda: bench.lines().count("read_log") == QUESTIONS + 1)
    with pytest.raises(TooManyQuestions):
        await bench.logs.read("one", QUESTION)
    bench.gone.set()
    await stream
    assert all(isinstance(answer, AgentAway) for answer in await asyncio.gather(*asked, return_exceptions=True))


async def test_readers_that_wait_for_the_same_bytes_share_one_question_and_one_that_leaves_takes_nothing_from_the_others() -> None:
    bench = Bench()
    session = bench.session()
    stream = bench.start(session, serve=idle, interval=60.0)
    await eventually(lambda: bench.fleet.connected() == 1)
    following = QUESTION.model_copy(update={"wait": 10})
    asked = [asyncio.create_task(bench.logs.read("one", following)) for _ in range(100)]
    other = asyncio.create_task(bench.logs.read("one", following.model_copy(update={"offset": 5})))
    await eventually(lambda: bench.lines().count("read_log") == 2)
    asked[0].cancel()
    await asyncio.gather(asked[0], return_exceptions=True)
    for request in bench.questions():
        bench.logs.answer(session, LogWindow(request=request, offset=0, content=request, total=0, ended=False))
    answers = await asyncio.gather(*asked[1:])
    assert {answer.content for answer in answers} == {bench.questions()[0]}
    assert (await other).content == bench.questions()[1]
    bench.gone.set()
    await stream
