"""Reading a run's spool: the segments that its keeper writes, by offset; docs/decisions/0034-sensors-on-a-host.md.

`feed` reads, the rounds of `sensors` ask how much there is. A spool is only ever appended to, and trimmed by the executor when this agent
says so.
"""

import os
from pathlib import Path

from attune_agent.executor.spool import segment_number, segment_path

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class SpoolFiles:
    """The spool of one run."""

    def __init__(self, directory: Path, segment: int) -> None:
        """Take its directory and the bytes of a segment."""
        self._directory = directory
        self._segment = segment

    def total(self, known: int) -> int:
        """Return how much was ever written, given an earlier answer."""
        number = known // self._segment
        while (size := self._size(number)) == self._segment:
            number += 1
        return number * self._segment + (size or 0) if size is not None or number > known // self._segment else known

    def first(self) -> int | None:
        """Return the offset of the first byte that is there, None when nothing is."""
        try:
            numbers = [segment_number(name) for name in os.listdir(self._directory)]  # noqa: PTH208 - names only
        except OSError:
            return None
        return min((number * self._segment for number in numbers if number is not None), default=None)

    def read(self, offset: int, most: int) -> bytes:
        """Return bytes from an offset on, of one segment at most; empty: there are none."""
        number, at = divmod(offset, self._segment)
        try:
            descriptor = os.open(segment_path(self._directory, number), _OPEN)
        except FileNotFoundError:
            return b""
        try:
            return os.pread(descriptor, min(most, self._segment - at), at)
        finally:
            os.close(descriptor)

    def _size(self, number: int) -> int | None:
        try:
            return segment_path(self._directory, number).stat().st_size
        except OSError:
            return None
