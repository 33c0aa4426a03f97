"""What waits to be posted in one session: acknowledgements, reports, events, log windows and the status, put together into NDJSON.

Filled from all sides, emptied by the uplink, one POST at a time: whatever gathered while the last one was under way goes with the next.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from attune_agent.outbox import Outbox
from attune_agent.state.records import Held
from attune_core.wire.agent_frames import Ack, AckFrame, LogWindow, LogWindowFrame, Status, StatusFrame
from attune_core.wire.session import Stored

#: Frames and bytes of one POST; a single frame may be as large as the wire allows.
_FRAMES, _BYTES = 1024, 1 << 20
#: How long an acknowledgement may wait for company, seconds.
_ACK_DELAY = 0.02


class EventSource(Protocol):
    """Events of sensors, in the order in which they are to be sent; `sensors.event_outbox.EventOutbox` is the real one."""

    def take(self, *, count: int, size: int) -> Sequence[bytes]:
        """Return the next ones as JSON, at most `count`, and as many as fit into `size` bytes, but at least one if there is one."""
        ...

    def answered(self, answer: Stored) -> bool:
        """Hear that what was taken is durable but for what the answer refuses, which is to be sent again later; tell if more is due."""
        ...


class Posting:
    """The frames of one session; numbering starts at 1."""

    def __init__(self, outbox: Outbox, status: Callable[[], Status], events: EventSource | None = None) -> None:
        """Take the reports, whoever can say how the agent is, and the events of sensors for a controller that takes them."""
        self._outbox = outbox
        self._events = events
        self._status = status
        self._acks: dict[tuple[object, int], Held] = {}
        self._windows: deque[tuple[LogWindow, asyncio.Event]] = deque()
        self._n = 0
        self._reported = 0
        #: The next body is to hold the status, however long ago the last one was.
        self.status_due = False
        self._filled = asyncio.Event()
        self._ack_due: asyncio.TimerHandle | None = None

    def wake(self) -> None:
        """Something is to be sent."""
        self._filled.set()

    def say_status(self) -> None:
        """Send the status at once."""
        self.status_due = True
        self._filled.set()

    def acknowledge(self, held: Held) -> None:
        """Send the last durable sequence of a queue, with the next report or soon; a newer one replaces an unsent older one.

        Nothing waits for it but the room in the hand-over window, and a POST of its own would cost more than starting the action.
        """
        self._acks[held.queue, held.epoch] = held
        if self._ack_due is None:
            self._ack_due = asyncio.get_running_loop().call_later(_ACK_DELAY, self._filled.set)

    async def answer(self, window: LogWindow) -> None:
        """Send a log window; return when it is on its way."""
        taken = asyncio.Event()
        self._windows.append((window, taken))
        self._filled.set()
        await taken.wait()

    async def filled(self) -> None:
        """Wait until there is something."""
        await self._filled.wait()
        self._filled.clear()

    def take(self, *, with_status: bool) -> bytes:
        """Return the next body; what it takes is gone from here, except reports, which stay in the outbox until they are stored."""
        lines = [
            self._line(AckFrame(n=self._next(), body=Ack(queue=one.queue.name(), epoch=one.epoch, last=one.last)))
            for one in self._take_acks()
        ]
        for row in self._outbox.next(count=_FRAMES, size=_BYTES):
            lines.append(f'{{"type":"report","n":{self._next()},"body":{row.report}}}\n'.encode())
            self._reported = row.number
        if self._events is not None:
            lines.extend(
                b'{"type":"event","n":%d,"body":%b}\n' % (self._next(), one) for one in self._events.take(count=_FRAMES, size=_BYTES)
            )
        if self._windows:
            window, taken = self._windows.popleft()
            lines.append(self._line(LogWindowFrame(n=self._next(), body=window)))
            taken.set()
        if self._windows:
            self._filled.set()
        if with_status:
            self.status_due = False
            lines.append(self._line(StatusFrame(n=self._next(), body=self._status())))
        return b"".join(lines)

    def stored(self, answer: Stored) -> bool:
        """Hear up to where the last body is durable; False when that is not all of it."""
        if answer.n < self._n:
            return False
        if self._events is not None and self._events.answered(answer):
            self._filled.set()
        if self._reported:
            self._outbox.acknowledged(self._reported)
            self._reported = 0
        if len(self._outbox):
            self._filled.set()
        return True

    def _take_acks(self) -> list[Held]:
        if self._ack_due is not None:
            self._ack_due.cancel()
            self._ack_due = None
        taken = list(self._acks.values())[:_FRAMES]
        for one in taken:
            del self._acks[one.queue, one.epoch]
        if self._acks:
            self._filled.set()
        return taken

    def _next(self) -> int:
        self._n += 1
        return self._n

    def _line(self, frame: AckFrame | LogWindowFrame | StatusFrame) -> bytes:
        return frame.model_dump_json().encode() + b"\n"
