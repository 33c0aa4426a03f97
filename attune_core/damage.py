"""Damage: what is wrong with a file that a program keeps, at which place, and whether a write-ahead log of SQLite ends where it should.

Made by the checks of the controller's store, the agent's state and the executor's journal; shown by `attune store check`. Pure.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_HEADER, _FRAME = struct.Struct(">8I"), struct.Struct(">6I")
_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}


@dataclass(frozen=True, kw_only=True)
class Damage:
    """One finding; `place` is a byte, a row or a table."""

    file: str
    place: str
    what: str


def log_damage_in(read: Callable[[], bytes], file: str) -> Iterator[Damage]:
    """As `log_damage`, for a log that a program may be writing: what is found must be found at the same place twice."""
    first = {damage.place: damage for damage in log_damage(file, read())}
    if first:
        yield from (damage for damage in log_damage(file, read()) if damage.place in first)


def log_damage(file: str, content: bytes) -> Iterator[Damage]:
    """Say whether frames of a log stand behind one that does not check: SQLite reads up to there and takes no notice of the rest.

    A power cut in the middle of a commit that was never answered leaves the same, but only of the last commit; that is said.
    """
    if len(content) < _HEADER.size:
        if content:
            yield Damage(file=file, place="byte 0", what="the log ends within its header")
        return
    magic, _, page, _, salt1, salt2, sum1, sum2 = _HEADER.unpack_from(content)
    order = _MAGIC.get(magic)
    if order is None or page not in {1 << power for power in range(9, 17)} or _checksum(order, content[:24]) != (sum1, sum2):
        yield Damage(file=file, place="byte 0", what="the log's header does not match its checksum: nothing in it is read")
        return
    size = _FRAME.size + page
    starts = range(_HEADER.size, len(content) - size + 1, size)
    end, sums = len(starts), (sum1, sum2)
    for index, at in enumerate(starts):
        frame = _FRAME.unpack_from(content, at)
        sums = _checksum(order, content[at : at + 8] + content[at + _FRAME.size : at + size], sums)
        if frame[2:4] != (salt1, salt2) or frame[4:] != sums:
            end = index
            break
    behind = [_FRAME.unpack_from(content, at) for at in starts[end:]]
    of_this_log = [frame for frame in behind if frame[2] == salt1 or frame[3] == salt2]
    if of_this_log:
        commits = sum(frame[1] > 0 for frame in of_this_log)
        doubt = "; after a power cut it may be one that was never answered" if commits <= 1 else ""
        what = f"a frame of the log does not check: it and what follows ({commits} commits) is not read{doubt}"
        yield Damage(file=file, place=f"byte {starts[end]}", what=what)


def _checksum(order: str, content: bytes, sums: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    one, two = sums
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = (one + even + two) & 0xFFFFFFFF
        two = (two + odd + one) & 0xFFFFFFFF
    return one, two
