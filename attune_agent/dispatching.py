"""What each frame of the stream means to the agent: assignments and policies go to the inbox, marks to Marks, sensors to their host.

Called by the uplink with the lines of one chunk, so that assignments that came together share a commit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from attune_agent.errors import FrameRefused
from attune_agent.inbox import Inbox
from attune_agent.marks import Marks
from attune_agent.sensors.port import SensorList
from attune_core.wire.agent_frames import LogWindow
from attune_core.wire.assignment import Assign
from attune_core.wire.sensors import SensorsFrame
from attune_core.wire.stream_frames import (
    ActivateFrame,
    AssignFrame,
    CancelFrame,
    DrainFrame,
    HoldQueuesFrame,
    PauseFrame,
    PingFrame,
    ReadLog,
    ReadLogFrame,
    StreamFrame,
)

_FRAME: TypeAdapter[StreamFrame] = TypeAdapter(StreamFrame)


#: Windows that are in memory at the same time, and questions that may wait for something to be written; one more is answered at once.
_WINDOWS, _PATIENT = 2, 512


class LogReader(Protocol):
    """Reads log windows; `log_windows.LogWindows` is the real one."""

    async def awaited(self, request: ReadLog) -> None:
        """Return when the question can wait no longer, or need not."""
        ...

    async def read(self, request: ReadLog) -> LogWindow:
        """Return the window."""
        ...


class Dispatching:
    """One session's way from lines to the parts that act on them."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        marks: Marks,
        logs: LogReader,
        sensors: SensorList,
        answer: Callable[[LogWindow], Awaitable[None]],
        spawn: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        """Take the parts; `answer` sends a window and returns when it is on its way, `spawn` runs a read within the session."""
        self._inbox = inbox
        self._marks = marks
        self._logs = logs
        self._sensors = sensors
        self._answer = answer
        self._spawn = spawn
        self._turns = asyncio.Semaphore(_WINDOWS)
        self._patient = 0
        self._n = 0

    def take(self, lines: Iterable[bytes]) -> None:
        """Act on lines in their order; `FrameRefused` for what protocol 1 does not have."""
        assigns: list[Assign] = []
        for line in lines:
            frame = self._parse(line)
            if isinstance(frame, AssignFrame):
                assigns.append(frame.body)
                continue
            if assigns:  # what follows may be about them
                self._inbox.assign(assigns)
                assigns = []
            self._act(frame)
        if assigns:
            self._inbox.assign(assigns)

    def _act(self, frame: StreamFrame) -> None:
        match frame:
            case CancelFrame():
                if frame.body.requeue:
                    self._inbox.requeue(frame.body.execution)
                else:
                    self._inbox.cancel(frame.body.execution, frame.body.reason)
            case ActivateFrame():
                self._inbox.activate(frame.body.revision, frame.body.policies)
            case ReadLogFrame():
                self._spawn(self._read_log(frame.body))
            case PauseFrame() | DrainFrame():
                self._follow(frame)
            case HoldQueuesFrame():
                self._marks.hold(frame.body.holds)
            case SensorsFrame():
                self._sensors.follow(frame.body.sensors)
            case AssignFrame() | PingFrame():
                pass  # `take` has gathered the one; the other says that the controller is there

    def _follow(self, frame: PauseFrame | DrainFrame) -> None:
        paused, draining = self._marks.paused, self._marks.draining
        if isinstance(frame, PauseFrame):
            paused = frame.body.mark
        else:
            draining = frame.body.mark
        self._marks.follow(paused=paused, draining=draining)

    def _parse(self, line: bytes) -> StreamFrame:
        try:
            frame = _FRAME.validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            raise FrameRefused(f"a frame of the controller: {first['type']} at {'.'.join(map(str, first['loc']))[:200]}") from None
        if frame.n != self._n + 1:  # one that is missing would be missed by nobody until the next session
            raise FrameRefused(f"frame {frame.n} of the controller does not follow {self._n}")
        self._n = frame.n
        return frame

    async def _read_log(self, request: ReadLog) -> None:
        if self._patient < _PATIENT:
            self._patient += 1
            try:
                await self._logs.awaited(request)
            finally:
                self._patient -= 1
        async with self._turns:  # in the order of asking; a window is given up before the next one is read
            await self._answer(await self._logs.read(request))
