"""Reading a file that may be anything else: a folder, a FIFO, a link, or without end.

Called by secrets, host settings, pack copies and READY records; nobody else opens files whose kind is not known.
"""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def read_regular(path: Path, limit: int, *, judge: Callable[[os.stat_result], None] | None = None, follow: bool = False) -> bytes:
    """Return up to `limit` + 1 bytes; `OSError` when it is no regular file, or (without `follow`) a link.

    `judge` sees the opened file's owner and mode before anything is read, and raises what it does not like.
    """
    descriptor = os.open(path, _OPEN if follow else _OPEN | os.O_NOFOLLOW)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if judge is not None:
            judge(found)
        return _read_up_to(descriptor, limit + 1)
    finally:
        os.close(descriptor)


def _read_up_to(descriptor: int, limit: int) -> bytes:
    parts: list[bytes] = []
    while limit > 0 and (part := os.read(descriptor, min(limit, 1 << 20))):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)
