"""The frames of one chunk: each is acted on in its order, assignments that came together are one commit, and none may be missing."""

from collections.abc import Coroutine, Mapping, Sequence

import pytest

from attune_agent import dispatching
from attune_agent.dispatching import Dispatching
from attune_agent.errors import FrameRefused
from attune_agent.sensors.port import NoSensors
from attune_core.marks import Mark
from attune_core.states import Reason
from attune_core.wire.agent_frames import LogWindow
from attune_core.wire.assignment import Assign, Policy
from attune_core.wire.message import Message
from attune_core.wire.sensors import Sensors, SensorsFrame
from attune_core.wire.stream_frames import (
    Activate,
    ActivateFrame,
    AssignFrame,
    Cancel,
    CancelFrame,
    Drain,
    DrainFrame,
    HoldQueue,
    HoldQueues,
    HoldQueuesFrame,
    Pause,
    PauseFrame,
    PingFrame,
    ReadLog,
    ReadLogFrame,
)
from tests.agent.assignments import assignment
from tests.agent.world import QUEUE, World

MARK = Mark(note="disk swap", by="ops", since=1.0)


class Logs:
    """Logs in which nothing comes."""

    def __init__(self) -> None:
        self.awaiting: list[str] = []

    async def awaited(self, request: ReadLog) -> None:
        self.awaiting.append(request.request)

    async def read(self, request: ReadLog) -> LogWindow:
        return LogWindow(request=request.request, offset=0, content="", total=0, ended=True)


class Session:
    """One session over a world, and what its inbox was told."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[str] = []
        self.answered: list[str] = []
        self.reads: list[Coroutine[None, None, None]] = []
        self.logs = Logs()
        self._hear(monkeypatch, world)
        self.dispatching = Dispatching(
            inbox=world.inbox, marks=world.marks, logs=self.logs, sensors=NoSensors(), answer=self._answer, spawn=self.reads.append
        )

    def _hear(self, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
        def assign(assigns: Sequence[Assign]) -> None:
            self.told.append("assign " + " ".join(one.execution for one in assigns))

        def cancel(execution: str, reason: Reason) -> None:
            self.told.append(f"cancel {execution} {reason.value}")

        def requeue(execution: str) -> None:
            self.told.append(f"requeue {execution}")

        def activate(revision: str, _policies: Mapping[str, Policy]) -> None:
            self.told.append(f"activate {revision}")

        for hear in (assign, cancel, requeue, activate):
            monkeypatch.setattr(world.inbox, hear.__name__, hear)

    async def _answer(self, window: LogWindow) -> None:
        self.answered.append(window.request)

    def take(self, *frames: Message) -> None:
        self.dispatching.take(frame.model_dump_json().encode() for frame in frames)


@pytest.fixture
def session(world: World, monkeypatch: pytest.MonkeyPatch) -> Session:
    return Session(world, monkeypatch)


def assign(n: int, execution: str) -> AssignFrame:
    return AssignFrame(n=n, body=assignment(execution, max(n, 1)))


def test_assignments_that_came_together_are_one_commit_and_what_follows_comes_after_them(session: Session) -> None:
    session.take(
        assign(1, "a"),
        assign(2, "b"),
        CancelFrame(n=3, body=Cancel(execution="a")),
        CancelFrame(n=4, body=Cancel(execution="b", requeue=True)),
        assign(5, "c"),
        ActivateFrame(n=6, body=Activate(revision="r", policies={})),
        assign(7, "d"),
    )
    session.take(PingFrame(n=8), assign(9, "e"))
    assert session.told == ["assign a b", "cancel a operator", "requeue b", "assign c", "activate r", "assign d", "assign e"]


async def test_marks_hold_at_once_and_one_does_not_lift_the_other(session: Session, world: World) -> None:
    held = HoldQueue(action=QUEUE.action, mark=MARK)
    session.take(PauseFrame(n=1, body=Pause(mark=MARK)), SensorsFrame(n=2, body=Sensors()), DrainFrame(n=3, body=Drain(mark=MARK)))
    assert (world.marks.paused, world.marks.draining) == (MARK, MARK)
    session.take(PauseFrame(n=4, body=Pause()), DrainFrame(n=5, body=Drain()))
    assert (world.marks.paused, world.marks.draining, world.marks.closed(QUEUE)) == (None, None, "")
    session.take(HoldQueuesFrame(n=6, body=HoldQueues(holds=(held,))))
    assert "disk swap" in world.marks.closed(QUEUE)


@pytest.mark.parametrize("n", [1, 3, 0])
def test_a_frame_that_does_not_follow_ends_the_session(session: Session, n: int) -> None:
    session.take(assign(1, "a"))
    with pytest.raises(FrameRefused, match="does not follow 1"):
        session.take(assign(n, "b"))
    assert session.told == ["assign a"]


@pytest.mark.parametrize("line", [b"{", b'{"type": "unheard", "n": 1}', b'{"type": "assign", "n": 1, "body": {}}'])
def test_a_frame_that_is_none_ends_the_session(session: Session, line: bytes) -> None:
    with pytest.raises(FrameRefused):
        session.dispatching.take([line])


async def test_beyond_the_questions_that_may_wait_one_is_answered_at_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    one = ReadLog(request="at once", execution="a", attempt=0, stream="stdout", offset=0, limit=1, wait=10)
    session.take(ReadLogFrame(n=1, body=one), ReadLogFrame(n=2, body=one.model_copy(update={"request": "waits"})))
    for read, patient in zip(session.reads, (0, 1), strict=True):
        monkeypatch.setattr(dispatching, "_PATIENT", patient)
        await read
    assert (session.logs.awaiting, session.answered) == (["waits"], ["at once", "waits"])
