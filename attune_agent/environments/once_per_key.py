"""Long work at most once per key at a time: who comes later waits for the one under way and shares its end, good or bad.

Called by `environments` for builds and by `packs` for fetches. Between two agents on one host (which share nothing but the disk) a lock
on a file does the same.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

#: How often a second agent on this host looks whether the first one is done; seconds. Two agents on one host are rare, and a
#: blocking lock would hold a thread that nothing can interrupt.
_LOOK_AGAIN = 0.2


class OncePerKey:
    """The work under way, by key."""

    def __init__(self) -> None:
        self._under_way: dict[str, _Shared] = {}

    async def run(self, key: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do the work, or wait for that of the same key. It is cancelled only when nobody waits for it any more."""
        shared = self._under_way.get(key)
        if shared is None:
            shared = self._under_way[key] = _Shared(asyncio.create_task(work()))
            shared.task.add_done_callback(lambda task: self._ended(key, task))
        shared.waiting += 1
        try:
            await asyncio.shield(shared.task)
        except asyncio.CancelledError:
            if shared.waiting == 1 and not shared.task.done():
                self._forget(key, shared.task)  # who comes now starts another one, which the file's lock lets wait for this one's end
                shared.task.cancel()
                await asyncio.wait({shared.task})
            raise
        finally:
            shared.waiting -= 1

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        self._forget(key, task)
        if not task.cancelled():
            task.exception()  # whoever still waits gets it; if nobody does, it was told to nobody on purpose

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        if key in self._under_way and self._under_way[key].task is task:
            del self._under_way[key]


class _Shared:
    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task
        self.waiting = 0


@asynccontextmanager
async def lock_between_agents(path: Path) -> AsyncIterator[None]:
    """Hold an exclusive lock on a file of the agent's own; the kernel lets go of it when the process dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        while not _locked(descriptor):  # noqa: ASYNC110 - another process, which sets no Event
            await asyncio.sleep(_LOOK_AGAIN)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
