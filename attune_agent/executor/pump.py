"""One output stream of an attempt: from its pipe through the masks into its bounded log, or a sensor's spool; it never waits for anybody.

The keeper's loop calls `pump` when the pipe has bytes and `settle` after the tree is gone; a stream that needs a file first is
`paused` until the executor has sent it. Measured: 256 KiB reads from a 1 MiB pipe; one that says little keeps the pipe it is born with.
"""

import contextlib
import fcntl
import os
from typing import Protocol

from attune_agent.executor.masking import Masker

_READ_AT_FIRST, _READ = 64 << 10, 256 << 10
_PIPE = 1 << 20


class Log(Protocol):
    """Where a stream goes: a `bounded_log.BoundedLog` or a `spool.Spool`."""

    total: int
    #: The file that is needed before more can be taken.
    wants: int | None

    @property
    def broken(self) -> bool:
        """Whether the disk refuses."""
        ...

    @property
    def blocked(self) -> bool:
        """Whether nothing can be taken now."""
        ...

    def write(self, chunk: memoryview) -> int:
        """Take bytes, return how many."""
        ...

    def give(self, file: int, index: int | None) -> None:
        """Receive the file that `wants` names."""
        ...

    def refuse(self) -> None:
        """Hear that there is none."""
        ...

    def mend(self) -> None:
        """Try again after a failure."""
        ...

    def close(self) -> None:
        """Close the files."""
        ...


class Stream:
    """The reading end of one output stream."""

    def __init__(self, name: str, source: int, log: Log, masker: Masker, capture: int) -> None:
        """Capture up to so many raw bytes and one more (a Result printed on stdout)."""
        os.set_blocking(source, False)
        self.name = name
        self.source = source
        self.log = log
        self.open = True
        self.captured = bytearray()
        self._capture = capture + 1 if capture else 0
        self._masker = masker
        self._most = _READ_AT_FIRST
        self._rest = memoryview(b"")

    @property
    def paused(self) -> bool:
        """Whether the log can take nothing now."""
        return self.log.blocked

    def pump(self) -> bool:
        """Take what the pipe has, once, and tell whether it had bytes; at its end the stream is no longer `open`."""
        if self.paused:
            return False
        try:
            chunk = os.read(self.source, self._most)
        except BlockingIOError:
            return False
        if not chunk:
            self.close()
            return False
        if len(chunk) == _READ_AT_FIRST:
            self._enlarge()
        room = self._capture - len(self.captured)
        if room > 0:
            self.captured += chunk[:room]
        self._write(self._masker.feed(chunk))
        return True

    def resume(self) -> None:
        """Write what waited for the log."""
        rest, self._rest = self._rest, memoryview(b"")
        self._rest = rest[self.log.write(rest) :]

    def settle(self) -> bool:
        """Take what is still in the pipe now that nobody writes any more; tell whether all of it is in the log."""
        budget = 2 * _PIPE // _READ  # a pipe's content and not more: an end of it may live on elsewhere
        while budget and self.open and self.pump():
            budget -= 1
        if not self.paused:
            self.close()
        return not self.paused

    def close(self) -> None:
        """Stop reading and write what the masks held back."""
        if self.open:
            self.open = False
            os.close(self.source)
            self._write(self._masker.finish())

    def _enlarge(self) -> None:
        """Give the stream as large a pipe as the host allows."""
        self._most = _READ
        with contextlib.suppress(OSError):  # the user's quota of pipe pages may be used up; 64 KiB work too
            fcntl.fcntl(self.source, fcntl.F_SETPIPE_SZ, _PIPE)

    def _write(self, masked: bytes) -> None:
        waiting = memoryview(bytes(self._rest) + masked) if self._rest else memoryview(masked)
        self._rest = waiting[self.log.write(waiting) :] if waiting else waiting
