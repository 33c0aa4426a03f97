"""Reading a stream's log as byte windows while it is being written, and after.

The agent calls `read_window` for `execution logs`; positions are offsets in the stream (after masking), so a follower goes on where
its last window ended. What the ring has already dropped is answered as a gap of so many bytes, never as other bytes: the index is
read again after the data, and a segment whose entry changed meanwhile was not read (reliability.md row 81).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from attune_agent.executor.log_index import STREAMS, Index, head_name, index_name, read_index, segment_name

_TRIES = 8
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LogUnknown(LookupError):
    """There is no such log (never written, or removed)."""


@dataclass(frozen=True, slots=True)
class Window:
    """Bytes of a stream: `data` starts at `offset`, after `gap` bytes that are no longer there; `total` was written so far."""

    offset: int
    data: bytes
    total: int
    gap: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """One file's part of the stream."""

    start: int
    end: int
    name: str


def attempt_directories(logs: Path, execution: str) -> dict[int, Path]:
    """Return the directories with the logs of an execution's attempts, by attempt; logs may be removed meanwhile."""
    found: dict[int, Path] = {}
    with suppress(OSError):
        for month in logs.iterdir():
            with suppress(OSError):
                for directory in (month / execution).iterdir():
                    if directory.name.isascii() and directory.name.isdecimal():
                        found[int(directory.name)] = directory
    return found


def read_window(directory: Path, stream: str, offset: int, limit: int) -> Window:
    """Return up to `limit` bytes from `offset` on; a negative offset counts from the end, one beyond the end is moved to the end."""
    if stream not in STREAMS or limit < 0:
        raise LogUnknown(f"no stream {stream!r}")
    with opened_directory(directory) as folder:
        return _steady_window(folder, stream, offset, limit)


def gap_before(directory: Path, stream: str, offset: int) -> int:
    """Return where the bytes begin that are missing before a kept byte; the offset itself when none are."""
    with opened_directory(directory) as folder:
        pieces = _pieces(folder, stream, _index(folder, stream))
        return max((piece.end for piece in pieces if piece.end <= offset), default=0)


@contextmanager
def opened_directory(directory: Path) -> Iterator[int]:
    """Open a log's directory; whatever cannot be read in it means that there is no such log (any more)."""
    try:
        folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            yield folder
        finally:
            os.close(folder)
    except OSError as error:
        raise LogUnknown(f"no log in {directory}: {error.strerror}") from error


def _steady_window(folder: int, stream: str, offset: int, limit: int) -> Window:
    """Read until index and data agree; a writer that laps the reader each time leaves it a gap up to its newest segment."""
    newest = total = 0
    for _ in range(_TRIES):
        before = _index(folder, stream)
        pieces = _pieces(folder, stream, before)
        window = _read(folder, pieces, offset, limit)
        if _index(folder, stream) == before:
            return window
        newest, total = pieces[-1].start, window.total
    return Window(newest, b"", total, max(0, newest - max(0, offset)))


def _index(folder: int, stream: str) -> Index | None:
    try:
        descriptor = os.open(index_name(stream), _OPEN, dir_fd=folder)
    except FileNotFoundError:
        return None
    try:
        return read_index(descriptor)
    finally:
        os.close(descriptor)


def _pieces(folder: int, stream: str, index: Index | None) -> list[_Piece]:
    """Return the parts that the files hold, in the stream's order."""
    name = head_name(stream)
    length = _size(folder, name) or 0  # a stream that has said nothing has no file
    pieces = [_Piece(0, min(length, index.head) if index else length, name)]
    for segment in index.kept if index else ():
        name = segment_name(stream, segment.number % index.segments if index else 0)
        pieces.append(_Piece(segment.start, segment.start + (_size(folder, name) or 0), name))
    return pieces


def _size(folder: int, name: str) -> int | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_size
    except FileNotFoundError:
        return None


def _read(folder: int, pieces: list[_Piece], offset: int, limit: int) -> Window:
    total = pieces[-1].end
    wanted = max(0, total + offset) if offset < 0 else min(offset, total)
    at, parts = wanted, list[bytes]()
    for piece in pieces:
        if piece.end <= at:
            continue
        if piece.start > at:
            if parts:
                break
            at = piece.start
        data = _bytes_of(folder, piece, at, limit)
        parts.append(data)
        limit -= len(data)
        at += len(data)
        if limit <= 0 or at < piece.end:
            break
    data = b"".join(parts)
    return Window(at - len(data), data, total, at - len(data) - wanted)


def _bytes_of(folder: int, piece: _Piece, at: int, limit: int) -> bytes:
    try:
        descriptor = os.open(piece.name, _OPEN, dir_fd=folder)
    except FileNotFoundError:
        return b""
    try:
        return os.pread(descriptor, min(limit, piece.end - at), at - piece.start)
    finally:
        os.close(descriptor)
