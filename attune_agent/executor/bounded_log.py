"""One stream's log on disk: the first bytes, then a ring of the last ones; never a byte more than its bounds.

`pump` writes into it inside the keeper. The files are opened by the executor, for the keeper may not write in the log directory: when
`wants` names the head, a place of the ring or the waypoints, the keeper asks and hands the answer to `give` or `refuse`. So a stream that
says nothing costs no file. Bytes are kept as they are; where a line ends near a bound, the cut is made there. A full disk loses bytes of
the log, never the attempt: the hole shows as a gap.
"""

import os
from collections import deque
from typing import NamedTuple

from attune_agent.executor.log_index import HEAD, WAYPOINTS, Segment, write_entry, write_header
from attune_agent.executor.log_waypoints import Waypoints
from attune_core.failpoints import failpoint

_NONE = -1
#: How far before a bound a line's end may be for the cut to be made there: so far, but never more than this part of the file.
NEAR = 64 << 10
NEAR_PART = 8


class Bounds(NamedTuple):
    """Bytes of the head, of one segment, and how many segments the ring has."""

    head: int
    segment: int
    segments: int


class BoundedLog:
    """The writer."""

    def __init__(self, bounds: Bounds, waypoints: Waypoints | None = None) -> None:
        self._bounds = bounds
        self._waypoints = waypoints or Waypoints()
        self._lines = 0
        self._starts: deque[int] = deque(maxlen=bounds.segments)
        self._file = _NONE
        self._room = bounds.head
        self._capacity = bounds.head
        self._head_length = 0
        self._index = _NONE
        self._places: dict[int, int] = {}
        self._number = -1
        self._line_ended = True
        self._broken = False
        self.total = 0
        self.wants: int | None = None

    def write(self, chunk: memoryview) -> int:
        """Take bytes, return how many; fewer than given means that the file that `wants` names is needed first."""
        taken = 0
        while taken < len(chunk):
            rest = chunk[taken:]
            if self._broken:
                self._count(rest)
                return len(chunk)
            if self._file == _NONE or self._waypoints.wanting:
                self.wants = HEAD if self._file == _NONE else WAYPOINTS
                return taken
            if len(rest) <= self._room:
                self._put(rest)
                return len(chunk)
            cut = self._cut(rest)
            if cut:
                self._put(rest[:cut])
                taken += cut
            if not self._next_segment():
                return taken
        return taken

    def give(self, file: int, index: int | None) -> None:
        """Receive the file that `wants` names (and the index with the ring's first)."""
        if self.wants is None:
            raise ValueError("no file was asked for")
        if self.wants == HEAD:
            self._file = file
        elif self.wants == WAYPOINTS:
            self._waypoints.give(file)
        else:
            self._places[self.wants] = file
        self.wants = None
        if index is not None:
            self._index = index
            write_header(index, self._bounds.segments, self._head_length)

    def refuse(self) -> None:
        """Hear that there is no file (a full disk): what comes now is lost until `mend`; without waypoints nothing is lost."""
        if self.wants == WAYPOINTS:
            self._waypoints.refuse()
        else:
            self._broken = True
        self.wants = None

    def mend(self) -> None:
        """Try again after a failure, in the next segment; its start tells the reader how much is missing."""
        if self._broken:
            self._broken = False
            self._room = 0
            if self._file == _NONE:
                self._file = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)  # there is no head; what follows is in the ring

    @property
    def blocked(self) -> bool:
        """Whether nothing can be taken before the file that `wants` names is there."""
        return self.wants is not None

    @property
    def broken(self) -> bool:
        """Whether bytes are being lost."""
        return self._broken

    def close(self) -> None:
        """Close the files."""
        self._waypoints.close()
        for descriptor in {self._file, self._index, *self._places.values()} - {_NONE}:
            os.close(descriptor)

    def _put(self, chunk: memoryview) -> None:
        self._waypoints.note(self.total, self._lines)
        if self._waypoints.full:
            self._waypoints.thin(self._head_length, self._starts[0] if self._starts else 0)
        at = 0
        try:
            while at < len(chunk):
                at += os.write(self._file, chunk[at:])
        except OSError:
            self._broken = True
        if self._number < 0:
            self._head_length += at
        self._room -= at
        self._count(chunk)
        self._line_ended = chunk[-1] == 10

    def _count(self, chunk: memoryview) -> None:
        self.total += len(chunk)
        self._lines += bytes(chunk).count(b"\n")

    def _cut(self, rest: memoryview) -> int:
        """Return how much of the rest still goes into this file: up to a line's end where one is near, else all that has room."""
        room, near = self._room, min(NEAR, self._capacity // NEAR_PART)
        newline = bytes(rest[max(0, room - near) : room]).rfind(b"\n")
        if newline >= 0:
            return max(0, room - near) + newline + 1
        return 0 if self._line_ended and room <= near else room

    def _next_segment(self) -> bool:
        if self._broken:
            return True
        place = (self._number + 1) % self._bounds.segments
        descriptor = self._places.get(place)
        if descriptor is None or self._index == _NONE:
            self.wants = place
            return False
        try:
            write_entry(self._index, place, None)
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            failpoint("a11")
            write_entry(self._index, place, Segment(self._number + 1, self.total))
        except OSError:
            self._broken = True
            return True
        if self._number < 0:
            os.close(self._file)
        self._file = descriptor
        self._number += 1
        self._starts.append(self.total)
        self._room = self._capacity = self._bounds.segment
        return True
