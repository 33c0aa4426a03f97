"""Locks between the processes of one host: flock(2) on files of the agent's own, which the kernel lets go of when a process dies.

An environment has two: `lock` (held alone while it is built or removed) and `used` (shared by whoever uses it, held alone while it is
removed). Called by `holds`, `store`, `environments` and `host_commands`. Whoever got the lock of a file that was unlinked meanwhile has
nothing: all of these look.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

#: How often a lock that another process holds is tried again; seconds. That is rare, and a blocking lock would hold a thread that
#: nothing can interrupt.
LOOK_AGAIN = 0.1


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Hold a file's lock alone, whoever has it first; its folder is made if it is not there."""
    while True:
        make_folder(path.parent)
        try:
            descriptor = await _await_lock(path)
        except FileNotFoundError:
            continue  # the folder was removed in between
        try:
            if os.fstat(descriptor).st_nlink:
                yield
                return
        finally:
            os.close(descriptor)


def try_lock(path: Path, *, shared: bool) -> int | None:
    """Return a descriptor that holds the lock, None when another process is in the way; `FileNotFoundError`: there is no such folder."""
    descriptor = _open(path)
    if _take(descriptor, shared=shared) and os.fstat(descriptor).st_nlink:
        return descriptor
    os.close(descriptor)
    return None


def make_folder(folder: Path) -> None:
    """Make an environment's folder."""
    if not folder.is_dir():
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder.chmod(0o755)  # whatever the umask is: actions must pass


async def _await_lock(path: Path) -> int:
    descriptor = _open(path)
    try:
        while not _take(descriptor, shared=False):  # noqa: ASYNC110 - another process, which sets no Event
            await asyncio.sleep(LOOK_AGAIN)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _open(path: Path) -> int:
    # 0600: whom actions run as could hold the lock of a file that they can read.
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _take(descriptor: int, *, shared: bool) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
