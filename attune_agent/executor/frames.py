"""The bytes of a journal segment: a header, then frames of JSON records with length and CRC-32. Pure; `journal` does the I/O.

A segment is allocated whole and reads as zeros behind its last frame. What a crash may leave there, and what is damage, differs: a write
that was never acknowledged is torn (a whole disk sector of it still reads as zeros, or the file ends within it) and is ignored;
anything else that does not check is damage, and the executor refuses to guess.
"""

import json
import struct
import zlib
from collections.abc import Sequence

from attune_agent.executor.fields import Fields, FieldWrong, as_object, to_json

VERSION = 1
HEADER = struct.Struct("!4sHHQ")  # magic, version, reserved, number of the segment
_MAGIC = b"ATTJ"
_FRAME = struct.Struct("!4sIII")  # mark, length of the payload, its CRC-32, CRC-32 of the three before
_MARK = b"ATTR"
_SECTOR = 512


class JournalDamaged(Exception):
    """A segment does not check where a crash cannot have torn it."""

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(f"{what} at byte {offset}")
        self.offset = offset


class JournalForeign(Exception):
    """The segment was written in a format this version does not read."""


def encode_header(number: int) -> bytes:
    """Return the first bytes of a segment."""
    return HEADER.pack(_MAGIC, VERSION, 0, number)


def encode_frame(records: Sequence[Fields]) -> bytes:
    """Return one frame; its records are written and synced together."""
    payload = to_json(records)
    front = _FRAME.pack(_MARK, len(payload), zlib.crc32(payload), 0)[:-4]
    return front + struct.pack("!I", zlib.crc32(front)) + payload


def decode_segment(content: bytes) -> list[Fields]:
    """Return the records of a segment, without a torn last frame; `JournalDamaged`, `JournalForeign`."""
    if not _begins(content):
        return []
    records: list[Fields] = []
    at = HEADER.size
    while not _only_zeros(content, at):
        end = _frame_end(content, at)
        if end is None:
            if _torn(content, at):
                break
            raise JournalDamaged(at, "a record does not match its checksum")
        records.extend(_records(content[at + _FRAME.size : end], at))
        at = end
    return records


def _begins(content: bytes) -> bool:
    """Tell whether the segment was begun; one that a crash left empty holds nothing."""
    if len(content) < HEADER.size or _only_zeros(content, 0):
        return False
    magic, version, _, _ = HEADER.unpack_from(content)
    if magic != _MAGIC:
        raise JournalDamaged(0, "not the beginning of a journal segment")
    if version != VERSION:
        raise JournalForeign(f"journal version {version}; this executor reads {VERSION}")
    return True


def _only_zeros(content: bytes, at: int) -> bool:
    return not content[at : at + _FRAME.size].strip(b"\0") and content.count(0, at) == len(content) - at


def _length(content: bytes, at: int) -> int | None:
    """Return the length that an intact frame header announces."""
    if at + _FRAME.size > len(content):
        return None
    mark, length, _, check = _FRAME.unpack_from(content, at)
    intact = mark == _MARK and check == zlib.crc32(content[at : at + _FRAME.size - 4])
    return int(length) if intact else None


def _frame_end(content: bytes, at: int) -> int | None:
    """Return where the frame ends if all of it is there and checks."""
    length = _length(content, at)
    if length is None or at + _FRAME.size + length > len(content):
        return None
    end = at + _FRAME.size + length
    payload_crc = _FRAME.unpack_from(content, at)[2]
    return end if zlib.crc32(content[at + _FRAME.size : end]) == payload_crc else None


def _torn(content: bytes, at: int) -> bool:
    """Tell whether the bad frame is the last and was never wholly on the disk."""
    length = _length(content, at)
    end = at + _FRAME.size + (length or 0)
    if end > len(content):
        return True
    if content.count(0, end) != len(content) - end:
        return False
    sector = at
    while sector < end:
        following = min(end, sector - sector % _SECTOR + _SECTOR)
        if not content[sector:following].strip(b"\0"):
            return True
        sector = following
    return False


def _records(payload: bytes, at: int) -> list[Fields]:
    try:
        value: object = json.loads(payload)
        if not isinstance(value, list):
            raise FieldWrong("not a list of records")
        return [as_object(record) for record in value]
    except ValueError as error:
        raise JournalDamaged(at, f"a record that checks is not readable ({error})") from error
