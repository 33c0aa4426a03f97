"""The index of one stream's log: which part of the stream each ring segment holds; shared by its writer and its reader.

`bounded_log` writes it with `pwrite`, `log_files` reads it. A stream's first bytes stand in `<stream>.head`; the rest in a ring of
segment files, number n in `<stream>.<n % segments>`. Before a segment file is used again its entry is made invalid, so a reader
that sees the same entry before and after reading has read that segment's bytes and no others.
"""

import os
import struct
from dataclasses import dataclass

STREAMS = ("stdout", "stderr")

_HEADER = struct.Struct("!4sHHQ")  # magic, version, segments, length of the head
_ENTRY = struct.Struct("!QQ")  # number, offset in the stream where it starts
_MAGIC, _VERSION = b"ATTL", 1
_INVALID = (1 << 64) - 1
MOST_SEGMENTS = 64
#: The head and the waypoints among the places of a stream's files.
HEAD, WAYPOINTS = -1, -2


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One segment of the ring that holds bytes of the stream from `start` on."""

    number: int
    start: int


@dataclass(frozen=True, slots=True)
class Index:
    """What the index file says."""

    segments: int
    head: int
    kept: tuple[Segment, ...]  # by number


def head_name(stream: str) -> str:
    """Return the name of the file with the stream's first bytes."""
    return f"{stream}.head"


def index_name(stream: str) -> str:
    """Return the name of the index file."""
    return f"{stream}.index"


def segment_name(stream: str, place: int) -> str:
    """Return the name of the ring's file at a place."""
    return f"{stream}.{place}"


def write_header(descriptor: int, segments: int, head: int) -> None:
    """Begin an index: every entry invalid."""
    empty = _ENTRY.pack(_INVALID, _INVALID) * segments
    os.pwrite(descriptor, _HEADER.pack(_MAGIC, _VERSION, segments, head) + empty, 0)


def write_entry(descriptor: int, place: int, segment: Segment | None) -> None:
    """Say what the ring's file at this place holds; None makes it invalid."""
    entry = _ENTRY.pack(segment.number, segment.start) if segment else _ENTRY.pack(_INVALID, _INVALID)
    os.pwrite(descriptor, entry, _HEADER.size + place * _ENTRY.size)


def read_index(descriptor: int) -> Index | None:
    """Return the index; None while it is only being begun."""
    raw = os.pread(descriptor, _HEADER.size + MOST_SEGMENTS * _ENTRY.size, 0)
    if len(raw) < _HEADER.size:
        return None
    magic, version, segments, head = _HEADER.unpack_from(raw)
    if magic != _MAGIC or version != _VERSION or len(raw) < _HEADER.size + segments * _ENTRY.size:
        return None
    entries = (_ENTRY.unpack_from(raw, _HEADER.size + place * _ENTRY.size) for place in range(segments))
    return Index(segments, head, tuple(sorted(Segment(*entry) for entry in entries if entry[0] != _INVALID)))
