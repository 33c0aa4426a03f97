"""Uid block: which attempt uids a local system may use, so that two of them on one machine never share one; taken by `system`."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attune_agent.executor.identities import unclaimed
from attune_cli.errors import ProgramFailed

#: systemd's UIDS-GIDS leaves 60706…61183 unused (decision 0003); the first half is for installed agents, the rest for local systems.
FIRST, LAST, BLOCK = 60_946, 61_183, 34
LOCKS = Path("/run/attune-uids")


@contextmanager
def uid_block() -> Iterator[range | None]:
    """Hold a block of uids while the context lasts; None for a user who cannot change uids."""
    if os.geteuid() != 0:
        yield None
        return
    LOCKS.mkdir(mode=0o700, exist_ok=True)
    for first in range(FIRST, LAST - BLOCK + 2, BLOCK):
        lock = os.open(LOCKS / str(first), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        try:
            # A local system that was killed may have left its executor behind.
            if not unclaimed(first, first + BLOCK - 1):
                continue
            yield range(first, first + BLOCK)
        finally:
            os.close(lock)
        return
    raise ProgramFailed(
        "every block of attempt uids is in use",
        hint="stop another `attune up` or `attune demo` on this machine, or an executor that one left behind when it was killed",
    )
