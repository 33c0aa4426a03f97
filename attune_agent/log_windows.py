"""Log windows: answers a `read_log` frame with bytes of an attempt's log, read from the files off the event loop; step 10 of design §4.

Called by the uplink, beside the stream. Nothing of a log is stored anywhere else; what the ring dropped is said as a gap.
"""

import asyncio
import base64
import re
from pathlib import Path

from attune_agent.environments import build_log
from attune_agent.executor.log_files import LogUnknown, Window, read_window
from attune_agent.fifo import Fifo
from attune_agent.state.records import Phase
from attune_core.wire.frames import LogWindow, ReadLog

#: Ids that may stand in a path; what the wire gives is not trusted with one.
_EXECUTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}\Z")
#: Windows read at the same time.
_READERS = 4


class LogWindows:
    """Reads the logs below one folder."""

    def __init__(self, logs: Path, fifo: Fifo) -> None:
        """Take the folder, and the queues: they know what is still being written."""
        self._logs = logs
        self._fifo = fifo
        self._turn = asyncio.Semaphore(_READERS)

    async def read(self, request: ReadLog) -> LogWindow:
        """Return the window; `missing` when there is no such log (yet)."""
        if not _EXECUTION.match(request.execution):
            return _missing(request, ended=True)
        # Asked before the read: what is over now has everything on disk.
        over = not self._writing(request)
        async with self._turn:
            try:
                window = await asyncio.to_thread(self._read, request)
            except LogUnknown:
                return _missing(request, ended=over)
        return LogWindow(
            request=request.request,
            offset=window.offset,
            content=base64.b64encode(window.data).decode("ascii"),
            total=window.total,
            gap=window.gap,
            ended=over,
        )

    def _writing(self, request: ReadLog) -> bool:
        """Tell whether more of this log may come: of an attempt under way, of the newest one, or of a build."""
        item = self._fifo.item(request.execution)
        if item is None or request.attempt == 0:
            return item is not None
        if request.stream == "build":
            return item.phase in (Phase.WAITING, Phase.PREPARING)
        return request.attempt >= item.attempt

    def _read(self, request: ReadLog) -> Window:
        if request.stream == "build":
            directory = build_log.build_log_directory(self._logs, request.execution)
            stream = build_log.STREAM
        else:
            # A log is made at its first byte: the newest attempt in hand may have none yet, and an older one's is not its.
            item = self._fifo.item(request.execution)
            directory = self._attempt(request.execution, request.attempt or (item.attempt if item else 0))
            stream = request.stream
        if directory is None:
            raise LogUnknown(f"no {request.stream} of {request.execution}")
        return read_window(directory, stream, request.offset, request.limit)

    def _attempt(self, execution: str, attempt: int) -> Path | None:
        """Return the directory of an attempt, 0 for the newest one."""
        found: dict[int, Path] = {}
        for directory in self._logs.glob(f"*/{execution}/*"):
            if directory.name.isascii() and directory.name.isdecimal():
                found[int(directory.name)] = directory
        return found.get(attempt or max(found, default=0))


def _missing(request: ReadLog, *, ended: bool) -> LogWindow:
    return LogWindow(request=request.request, offset=0, content="", total=0, ended=ended, missing=True)
