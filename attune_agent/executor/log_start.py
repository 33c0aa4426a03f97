"""Where to begin to read a stream's log: at its last lines, or at what was written since a time; by its waypoints, not by reading it all.

The agent's `log_windows` calls it for the first window of a reader, who goes on by offsets. A log without waypoints (short and quick, or
on a full disk) is one stretch that ends with its newest file's time; its last lines are found by reading back.
"""

import os
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

from attune_agent.executor.log_files import gap_before, opened_directory, read_window
from attune_agent.executor.log_waypoints import EVERY_SECONDS, Waypoint, WaypointTable, read_waypoints, waypoints_name

_BLOCK = 64 << 10
_TRIES = 8


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Looking back for a line's end: where the line after it begins (None: not found), how far was looked, and how many were seen."""

    start: int | None
    reached: int
    seen: int


def start_of_tail(directory: Path, stream: str, lines: int) -> int:
    """Return where the last so many lines begin, or the gap into which they reach."""
    end = read_window(directory, stream, 0, 0).total
    if lines == 0 or end == 0:
        return end
    ends = lines + read_window(directory, stream, end - 1, 1).data.count(b"\n")
    waypoints = _waypoints(directory, stream).waypoints
    last = waypoints[-1]
    near = _look_back(directory, stream, end, ends, least=last.offset)
    if near.start is not None or near.reached > last.offset:
        return _begin(directory, stream, near)
    ordinal = last.lines - (ends - near.seen) + 1  # of the line's end that is looked for, from the log's beginning
    if ordinal <= 0:
        return 0
    after = waypoints[bisect_left(waypoints, ordinal, key=lambda waypoint: waypoint.lines)]
    return _begin(directory, stream, _look_back(directory, stream, after.offset, after.lines - ordinal + 1, least=0))


def _begin(directory: Path, stream: str, found: _Stretch) -> int:
    return gap_before(directory, stream, found.reached) if found.start is None else found.start


def start_since(directory: Path, stream: str, since: float) -> int:
    """Return where the line begins in which the first byte since then stands; never later, and as much earlier as waypoints are apart."""
    table = _waypoints(directory, stream)
    for waypoint, until in table.stretches(_newest(directory, stream) + EVERY_SECONDS):
        if until >= since:
            begun = _look_back(directory, stream, waypoint.offset, 1, least=max(0, waypoint.offset - _BLOCK))
            return waypoint.offset if begun.start is None else begun.start
    return read_window(directory, stream, 0, 0).total


def _look_back(directory: Path, stream: str, end: int, ends: int, *, least: int) -> _Stretch:
    """Look for the so-many-th line's end before an offset, counted backwards, as far as the bytes are there."""
    at, seen = end, 0
    while at > least:
        block = _contiguous(directory, stream, max(least, at - _BLOCK), at)
        found = block.count(b"\n")
        if seen + found >= ends:
            place = len(block)
            for _ in range(ends - seen):
                place = block.rfind(b"\n", 0, place)
            return _Stretch(at - len(block) + place + 1, at, ends)
        seen += found
        short = len(block) < min(_BLOCK, at - least)
        at -= len(block)
        if short:
            break
    return _Stretch(None, at, seen)


def _contiguous(directory: Path, stream: str, begin: int, end: int) -> bytes:
    """Return the bytes right before `end`, not more than from `begin` on; fewer when some before them are gone."""
    block, at = b"", begin
    while at < end:
        window = read_window(directory, stream, at, end - at)
        data = window.data[: max(0, end - window.offset)]
        if not data:
            return b""
        block = data if window.offset > at else block + data
        at = window.offset + len(data)
    return block


def _waypoints(directory: Path, stream: str) -> WaypointTable:
    with opened_directory(directory) as folder:
        for _ in range(_TRIES):
            try:
                descriptor = os.open(waypoints_name(stream), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            except OSError:
                break
            try:
                table = read_waypoints(descriptor)
            finally:
                os.close(descriptor)
            if table is not None and table.waypoints:
                return table
    return WaypointTable((Waypoint(0, 0, 0.0),), EVERY_SECONDS)


def _newest(directory: Path, stream: str) -> float:
    """Return when the stream was last written."""
    with opened_directory(directory) as folder:
        names = [name for name in os.listdir(folder) if name.startswith(f"{stream}.")]  # noqa: PTH208 - relative to the open directory
        return max((os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime for name in names), default=0.0)
