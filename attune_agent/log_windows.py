"""Log windows: answers a `read_log` frame with bytes of an attempt's log, read from the files off the event loop; step 10 of design §4.

Called by `dispatching`, beside the stream: first `awaited`, which may take as long as the question allows, then `read`. Nothing of a log
is stored anywhere else; what the ring dropped is said as a gap.
"""

import asyncio
import base64
import re
from pathlib import Path

from attune_agent.environments.build_log import STREAM, build_name
from attune_agent.executor.log_files import LogUnknown, Window, attempt_directories, read_window
from attune_agent.executor.log_start import start_of_tail, start_since
from attune_agent.fifo import Fifo
from attune_agent.state.records import Phase
from attune_core.ports import Clock
from attune_core.wire.agent_frames import LogWindow
from attune_core.wire.stream_frames import ReadLog

#: Ids that may stand in a path; what the wire gives is not trusted with one.
_EXECUTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}\Z")
#: Seconds from one look at a log that is waited for to the next; longer while nothing comes.
_LOOK, _LOOK_MOST = 0.05, 0.5


class LogWindows:
    """Reads the logs below one folder."""

    def __init__(self, logs: Path, fifo: Fifo, clock: Clock) -> None:
        """Take the folder, and the queues: they know what is still being written."""
        self._logs = logs
        self._fifo = fifo
        self._clock = clock

    async def awaited(self, request: ReadLog) -> None:
        """Return when there is a byte at the offset, when no more will come, or when the question waits no longer."""
        end, pause = self._clock.monotonic() + request.wait, _LOOK
        if request.offset < 0 or not _EXECUTION.match(request.execution):
            return
        while self._clock.monotonic() < end and self._writing(request):
            if await asyncio.to_thread(self._total, request) > request.offset:
                return
            await self._clock.sleep(pause)
            pause = min(1.5 * pause, _LOOK_MOST)

    async def read(self, request: ReadLog) -> LogWindow:
        """Return the window; `missing` when there is no such log (yet)."""
        if not _EXECUTION.match(request.execution):
            return _missing(request, ended=True)
        # Asked before the read: what is over now has everything on disk.
        over = not self._writing(request)
        try:
            attempt, window = await asyncio.to_thread(self._read, request)
        except LogUnknown:
            return _missing(request, ended=over)
        return LogWindow(
            request=request.request,
            offset=window.offset,
            content=base64.b64encode(window.data).decode("ascii"),
            total=window.total,
            gap=window.gap,
            ended=over,
            attempt=attempt,
        )

    def _writing(self, request: ReadLog) -> bool:
        """Tell whether more of this log may come: of an attempt under way, of the newest one, or of a build."""
        item = self._fifo.item(request.execution)
        if item is None or request.attempt == 0:
            return item is not None
        if request.stream == "build":
            return item.phase in (Phase.WAITING, Phase.PREPARING)
        return request.attempt >= item.attempt

    def _read(self, request: ReadLog) -> tuple[int, Window]:
        attempt, directory, stream = self._place(request)
        offset = request.offset
        if request.tail is not None:
            offset = max(offset, start_of_tail(directory, stream, request.tail))
        if request.since is not None:
            since = request.since + (self._clock.now() if request.since < 0 else 0)
            offset = max(offset, start_since(directory, stream, since))
        return attempt, read_window(directory, stream, offset, request.limit)

    def _total(self, request: ReadLog) -> int:
        try:
            _, directory, stream = self._place(request)
            return read_window(directory, stream, 0, 0).total
        except LogUnknown:
            return 0

    def _place(self, request: ReadLog) -> tuple[int, Path, str]:
        """Return whose log is meant, and where it is; `LogUnknown`."""
        if request.stream == "build":
            found, stream, attempt = attempt_directories(self._logs, build_name(request.execution)), STREAM, request.attempt
        else:
            # A log is made at its first byte: the newest attempt in hand may have none yet, and an older one's is not its.
            item = self._fifo.item(request.execution)
            found, stream = attempt_directories(self._logs, request.execution), request.stream
            attempt = request.attempt or (item.attempt if item else 0)
        attempt = attempt or max(found, default=0)
        if attempt not in found:
            raise LogUnknown(f"no {request.stream} of {request.execution}")
        return attempt, found[attempt], stream


def _missing(request: ReadLog, *, ended: bool) -> LogWindow:
    return LogWindow(request=request.request, offset=0, content="", total=0, ended=ended, missing=True)
