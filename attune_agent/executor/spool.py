"""A sensor's stdout on disk: segments of one size, kept until the agent has consumed them; what finds no room stays in the sensor's pipe.

`pump` writes into it inside the keeper, as into a `bounded_log`. The files are opened by the executor: it answers `wants` when a segment is
free, which at the bound is when the agent has trimmed an older one. Until then nothing more is read, so that the sensor itself waits for
room. A full disk is tried again, and loses nothing either.
"""

import os
from pathlib import Path
from typing import NamedTuple

_NONE = -1


class SpoolBounds(NamedTuple):
    """Bytes of one segment, and how many segments there may be."""

    segment: int
    segments: int


def segment_path(spool: Path, number: int) -> Path:
    """Return the file with the bytes from `number` times the segment's size on."""
    return spool / f"stdout-{number:08}"


def segment_number(name: str) -> int | None:
    """Return which segment a file is; None: it is none."""
    stem, _, number = name.partition("-")
    return int(number) if stem == "stdout" and number.isascii() and number.isdecimal() else None


class Spool:
    """The writer."""

    def __init__(self, bounds: SpoolBounds) -> None:
        self._bounds = bounds
        self._file = _NONE
        self._room = 0
        self.total = 0
        #: The number of the segment that is needed before more can be taken.
        self.wants: int | None = None
        #: Whether the disk refuses; `mend` tries again.
        self.broken = False

    @property
    def blocked(self) -> bool:
        """Whether nothing can be taken now."""
        return self.wants is not None or self.broken

    def write(self, chunk: memoryview) -> int:
        """Take bytes, return how many; the rest is to be given again when this is no longer `blocked`."""
        taken = 0
        while taken < len(chunk) and not self.blocked:
            if not self._room:
                self.wants = self.total // self._bounds.segment
                break
            try:
                written = os.write(self._file, chunk[taken : taken + self._room])
            except OSError:
                self.broken = True
                break
            taken += written
            self.total += written
            self._room -= written
        return taken

    def give(self, file: int, index: int | None) -> None:
        """Receive the segment that `wants` names."""
        if self.wants is None or index is not None:
            raise ValueError("no such file was asked for")
        self.close()
        self._file, self._room, self.wants = file, self._bounds.segment, None

    def refuse(self) -> None:
        """Hear that the segment could not be made (a full disk): it is asked for again."""
        self.wants, self.broken = None, True

    def mend(self) -> None:
        """Try again after a failure."""
        self.broken = False

    def close(self) -> None:
        """Close the file."""
        if self._file != _NONE:
            os.close(self._file)
            self._file = _NONE
