"""A file's identity as `stat` tells it: while it holds, what was learnt of the file still holds.

Used by `probes` (which version a program has) and `environments` (a warm prepare is a few of these and nothing else).
"""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Stamp:
    """A file as it was; symbolic links are followed."""

    path: str
    device: int
    inode: int
    modified: int  # ns
    size: int

    def holds(self) -> bool:
        """Tell whether the same unchanged file is still there."""
        try:
            now = os.stat(self.path)  # noqa: PTH116 - three times as fast as Path.stat, on the way of every attempt
        except OSError:
            return False
        return (now.st_ino, now.st_mtime_ns, now.st_size, now.st_dev) == (self.inode, self.modified, self.size, self.device)


def stamp_of(path: str) -> Stamp:
    """Return the stamp of a file; `OSError` when there is none."""
    found = os.stat(path)  # noqa: PTH116 - as above
    return Stamp(path, found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
