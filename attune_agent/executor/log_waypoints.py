"""Waypoints: a small index of one stream's log by line and time; its last lines, or what came since, are found without reading it all.

`bounded_log` notes into Waypoints while it writes, `log_start` reads them. A waypoint says how many lines ended before an offset, and when
the byte there was written; one is due after so many bytes or seconds. When the table is full, those of bytes that are no longer kept go;
if that is not enough, the distances double and what is nearer goes: its size is bounded, its resolution a part of what it covers.
"""

import os
import struct
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

#: Bytes and seconds from one waypoint to the next, and how many there are at most.
EVERY_BYTES, EVERY_SECONDS = 64 << 10, 1.0
MOST = 4096
#: Magic, version, waypoints before the hole (0: none), changes (odd while it is rewritten), waypoints, seconds from one to the next.
_HEADER = struct.Struct("<4sHHIId")
_FIELDS = 3
_WAYPOINT = struct.Struct("<QQQ")
_MAGIC, _VERSION = b"ATTW", 1
_NONE = -1


@dataclass(frozen=True, slots=True)
class Waypoint:
    """So many lines end before this offset; the byte there was written at this time (wall clock, seconds)."""

    offset: int
    lines: int
    time: float


@dataclass(frozen=True, slots=True)
class WaypointTable:
    """What the file says, by offset. A byte was written less than so many seconds after the waypoint before it, unless in the hole."""

    waypoints: tuple[Waypoint, ...]
    seconds: float
    hole: int = 0  # waypoints before it

    def stretches(self, newest: float) -> Iterator[tuple[Waypoint, float]]:
        """Yield each waypoint with the latest time at which a byte after it, and before the next, can have been written."""
        for number, waypoint in enumerate(self.waypoints, start=1):
            if number == len(self.waypoints):
                yield waypoint, newest
            else:
                yield waypoint, self.waypoints[number].time if number == self.hole else waypoint.time + self.seconds


def waypoints_name(stream: str) -> str:
    """Return the name of a stream's waypoints file."""
    return f"{stream}.waypoints"


class Waypoints:
    """The writer; it keeps what it wrote, because its file is open for writing alone."""

    def __init__(self, clock: Callable[[], float] = time.time, *, every: int = EVERY_BYTES, most: int = MOST) -> None:
        self._clock, self._most = clock, most
        self._file = _NONE
        self._refused = False
        self._changes = 0
        self._bytes, self._seconds = every, EVERY_SECONDS
        self._next_offset, self._next_time = 0, 0.0
        self._kept = array("Q")
        self._hole = 0

    @property
    def wanting(self) -> bool:
        """Whether a file is needed; a short and quick output does without."""
        return self._file == _NONE and not self._refused and len(self._kept) > _FIELDS

    @property
    def full(self) -> bool:
        """Whether `thin` is needed before more is noted."""
        return len(self._kept) >= self._most * _FIELDS

    def note(self, offset: int, lines: int) -> None:
        """Hear that the byte at this offset is written now; a waypoint is made if one is due."""
        now = self._clock()
        if offset < self._next_offset and self._next_time - 2 * self._seconds < now < self._next_time:
            return
        self._next_offset, self._next_time = offset + self._bytes, now + self._seconds
        waypoint = (offset, lines, int(now * 1e6))
        self._kept.extend(waypoint)
        self._put(_WAYPOINT.pack(*waypoint), _HEADER.size + len(self._kept) // _FIELDS * _WAYPOINT.size - _WAYPOINT.size)
        self._put_header()

    def thin(self, head: int, oldest: int) -> None:
        """Forget the waypoints between the head's end and the oldest byte of the ring, and more if that is not enough."""
        waypoints = [tuple(self._kept[at : at + _FIELDS]) for at in range(0, len(self._kept), _FIELDS)]
        near = [waypoint for waypoint in waypoints if waypoint[0] < head or waypoint[0] >= oldest]
        holed = self._hole > 0 or len(near) < len(waypoints)
        while len(near) > self._most // 2:
            near = self._without_neighbours(near)
        self._hole = sum(waypoint[0] < head for waypoint in near) if holed else 0
        self._kept = array("Q", [field for waypoint in near for field in waypoint])
        self._put_all()

    def _without_neighbours(self, waypoints: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """Double the distances and leave out what need not be there for them."""
        kept, within = waypoints[:1], self._seconds * 1e6
        self._bytes, self._seconds = 2 * self._bytes, 2 * self._seconds
        for waypoint in waypoints[1:]:
            if waypoint[0] - kept[-1][0] >= self._bytes or waypoint[2] - kept[-1][2] > within:
                kept.append(waypoint)
        return kept

    def give(self, file: int) -> None:
        """Receive the file."""
        self._file = file
        self._put_all()

    def refuse(self) -> None:
        """Hear that there is none: the log does without waypoints from now on."""
        self.close()
        self._refused = True

    def close(self) -> None:
        """Close the file."""
        if self._file != _NONE:
            os.close(self._file)
            self._file = _NONE

    def _put_all(self) -> None:
        self._changes += 1
        self._put_header()
        self._put(struct.pack(f"<{len(self._kept)}Q", *self._kept), _HEADER.size)
        self._changes += 1
        self._put_header()

    def _put_header(self) -> None:
        self._put(_HEADER.pack(_MAGIC, _VERSION, self._hole, self._changes, len(self._kept) // _FIELDS, self._seconds), 0)

    def _put(self, content: bytes, at: int) -> None:
        if self._file != _NONE:
            try:
                os.pwrite(self._file, content, at)
            except OSError:  # a full disk
                self.refuse()


def read_waypoints(descriptor: int) -> WaypointTable | None:
    """Return the waypoints; None while they are rewritten, or when what stands there is none."""
    raw = os.pread(descriptor, _HEADER.size + MOST * _WAYPOINT.size, 0)
    if len(raw) < _HEADER.size or os.pread(descriptor, _HEADER.size, 0)[:12] != raw[:12]:
        return None
    magic, version, hole, changes, count, seconds = _HEADER.unpack_from(raw)
    if magic != _MAGIC or version != _VERSION or changes % 2 or count * _WAYPOINT.size > len(raw) - _HEADER.size:
        return None
    waypoints = (_WAYPOINT.unpack_from(raw, _HEADER.size + at * _WAYPOINT.size) for at in range(count))
    return WaypointTable(tuple(Waypoint(offset, lines, micros / 1e6) for offset, lines, micros in waypoints), seconds, hole)
