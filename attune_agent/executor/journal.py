"""The executor's journal: which attempts were started and how they ended, durable before anybody is told (reliability.md G5).

`executor` appends what one iteration of its loop collected in one frame and one `fdatasync`. A segment is allocated in full when it is
begun (its writes then need no new metadata: 105 µs instead of 150 for a sync here; and ends still find room on a full disk). A new one
begins with a restatement of everything not yet forgotten, after which the older ones are removed: the journal cannot grow without bound.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from attune_agent.executor.fields import Fields
from attune_agent.executor.frames import HEADER, JournalDamaged, JournalForeign, decode_segment, encode_frame, encode_header
from attune_agent.executor.places import sync_directory

SEGMENT = 16 << 20
_RESTATED_AT_ONCE = 64


class JournalUnreadable(Exception):
    """The journal is damaged or foreign: the executor does not start, for it could start an attempt twice."""


class JournalFull(OSError):
    """The frame could not be written, nothing of it remains; trying again later may succeed."""


class JournalBroken(Exception):
    """A write or sync failed in a way that leaves unknown what is on the disk; the process must end, the next one reads what is there."""


class Journal:
    """The one writer."""

    def __init__(self, directory: Path, restate: Callable[[], Iterable[Fields]], sync: Callable[[int], None] = os.fdatasync) -> None:
        self._directory = directory
        self._restate = restate
        self._sync = sync
        self._number = 0
        self._file = -1
        self._at = 0
        self._size = 0

    def read(self) -> list[Fields]:
        """Return every record of the segments that are there, in order."""
        records: list[Fields] = []
        for path in self._segments():
            self._number = int(path.stem)
            try:
                records.extend(decode_segment(path.read_bytes()))
            except JournalDamaged as error:
                raise JournalUnreadable(f"{path}: {error}; the file is left as it is") from error
            except JournalForeign as error:
                raise JournalUnreadable(f"{path}: {error}") from error
        return records

    def begin_segment(self, room: int = 0) -> None:
        """Begin a new segment with a restatement of what still counts, durable, with room for a frame; remove the older ones."""
        records = list(self._restate())
        starts = range(0, len(records), _RESTATED_AT_ONCE)
        frames = [encode_frame(records[start : start + _RESTATED_AT_ONCE]) for start in starts]
        content = b"".join([encode_header(self._number + 1), *frames])
        path = self._directory / f"{self._number + 1:010}.journal"
        size = SEGMENT + len(content) - HEADER.size + max(0, room - SEGMENT // 2)
        try:
            file = self._create(path, content, size)
        except OSError as error:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            raise JournalFull(error.errno, error.strerror) from error
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size, self._at = file, size, len(content)
        self._number += 1
        for older in self._segments():
            if older != path:
                older.unlink()

    def append(self, records: Sequence[Fields], *, durable: bool) -> None:
        """Write these records as one frame; durable ones are on the disk when this returns."""
        frame = encode_frame(records)
        if self._at + len(frame) > self._size:
            self.begin_segment(len(frame))
        try:
            self._write(frame)
        except OSError as error:
            self._blank(len(frame))
            raise JournalFull(error.errno, error.strerror) from error
        self._at += len(frame)
        if durable:
            try:
                self._sync(self._file)
            except OSError as error:
                # After a failed sync the kernel may have dropped the pages: neither old nor new content can be relied on.
                raise JournalBroken(f"sync of {self._directory}: {error.strerror}") from error

    def _segments(self) -> list[Path]:
        return sorted(self._directory.glob("*.journal"))

    def _create(self, path: Path, content: bytes, size: int) -> int:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.posix_fallocate(file, 0, size)
            at = 0
            while at < len(content):
                at += os.pwrite(file, content[at:], at)
            os.fsync(file)
            sync_directory(self._directory)
        except BaseException:
            os.close(file)
            raise
        return file

    def _write(self, frame: bytes) -> None:
        done = 0
        while done < len(frame):
            done += os.pwrite(self._file, frame[done:], self._at + done)

    def _blank(self, length: int) -> None:
        """Undo a partial write, so that the next frame is followed by zeros again."""
        try:
            os.pwrite(self._file, bytes(length), self._at)
        except OSError as error:
            raise JournalBroken(f"{self._directory}: {error.strerror}") from error
