"""Outbox: the lines that wait to be sent on one session's stream, in order and bounded.

Filled by dispatch, cancellation and log_relay; emptied by `stream`. Dispatch waits for room; anything else that finds no room says that the
reader is too slow, and the session ends.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from attune_controller.errors import ReaderTooSlow
from attune_core.wire.session import FRAME_LIMIT
from attune_core.wire.stream_frames import StreamFrame

#: Lines and bytes that may wait; below half of it there is room again.
LINES, BYTES = 2048, 8 << 20
#: Bytes given to the transport at once.
CHUNK = 256 << 10


class Outbox:
    """One session's outgoing lines; not safe for threads, made for one event loop."""

    def __init__(self) -> None:
        """Begin empty; frames are numbered from 1."""
        self._lines: deque[bytes] = deque()
        self._size = self._n = 0
        self._filled, self._roomy = asyncio.Event(), asyncio.Event()
        self._roomy.set()

    def put(self, make: Callable[[int], StreamFrame]) -> int:
        """Number a frame, queue its line and return its bytes.

        `ReaderTooSlow` when there is no room for it, `ValueError` for a line that no agent would take.
        """
        line = make(self._n + 1).model_dump_json().encode() + b"\n"
        if len(line) > FRAME_LIMIT:
            raise ValueError(f"a line of {len(line)} bytes is longer than {FRAME_LIMIT}")
        if len(self._lines) >= LINES or self._size >= BYTES:
            raise ReaderTooSlow(f"{len(self._lines)} lines wait for the agent")
        self._n += 1
        self._lines.append(line)
        self._size += len(line)
        self._filled.set()
        if len(self._lines) > LINES // 2 or self._size > BYTES // 2:
            self._roomy.clear()
        return len(line)

    @property
    def waiting(self) -> int:
        """How many lines wait."""
        return len(self._lines)

    async def room(self) -> None:
        """Wait until less than half of the bound is taken."""
        await self._roomy.wait()

    async def next(self, seconds: float) -> bytes:
        """Return the next lines, at most about one chunk of them; empty when there were none for so long."""
        if not self._lines:
            self._filled.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._filled.wait()
            except TimeoutError:
                return b""
        taken: list[bytes] = []
        size = 0
        while self._lines and size < CHUNK:
            taken.append(self._lines.popleft())
            size += len(taken[-1])
        self._size -= size
        if len(self._lines) <= LINES // 2 and self._size <= BYTES // 2:
            self._roomy.set()
        return b"".join(taken)
