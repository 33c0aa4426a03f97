"""Reserve: some space beside the store that is given up when its disk is full, so that what must still be written can be.

Given up by the writer at the first refusal, taken again by `SqliteStore.look_after` when there is twice as much free. While it is given up
no event is accepted and nothing is planned: reports of agents, marks, cancellations and pruning live on it (reliability.md G17).
"""

import contextlib
import os
from pathlib import Path

#: Bytes, and the least part of the disk that it may be: a small disk has a small one.
SIZE, PART = 16 << 20, 16


class Reserve:
    """The file `reserve` in the store's folder, its blocks allocated; may be given up in one thread while another one takes it."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; nothing is there before the first `take`."""
        self._place = folder / "reserve"
        #: Whether the disk was full and has not had room since.
        self.given_up = False

    def take(self) -> bool:
        """Have the reserve, if the disk has room for it and as much again; False: it is not there."""
        disk = os.statvfs(self._place.parent)
        size = min(SIZE, disk.f_blocks * disk.f_frsize // PART)
        held = self._place.stat().st_size if self._place.exists() else 0
        if held < size and self.room() < 2 * size:
            self.given_up = True
            return False
        if held < size:
            try:
                self._allocate(size)
            except OSError:  # somebody was faster
                self.give_up()
                return False
        self.given_up = False
        return True

    def give_up(self) -> None:
        """Let others have the space."""
        self.given_up = True
        with contextlib.suppress(OSError):
            self._place.unlink(missing_ok=True)

    def room(self) -> int:
        """Return how many bytes the disk has left for this store."""
        disk = os.statvfs(self._place.parent)
        return disk.f_bavail * disk.f_frsize

    def _allocate(self, size: int) -> None:
        descriptor = os.open(self._place, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)
