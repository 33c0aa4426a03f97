"""Uids for the executors of one test process, so that test sessions that run side by side never share one (or would kill each other's)."""

import fcntl
import os
import tempfile
from pathlib import Path

_FIRST, _LAST, BLOCK = 50_000, 59_900, 50
#: Kept open, and so locked, until this process ends.
_HELD: list[int] = []


def claim_uids() -> int:
    """Return the first uid of a block that no other test process on this machine uses."""
    place = Path(tempfile.gettempdir(), f"attune-test-uids-{os.geteuid()}")
    place.mkdir(mode=0o700, exist_ok=True)
    for first in range(_FIRST, _LAST, BLOCK):
        lock = os.open(place / str(first), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        _HELD.append(lock)
        return first
    raise AssertionError("every block of test uids is in use")
