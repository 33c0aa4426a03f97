"""Long work at most once per key at a time: who comes later waits for the one under way and shares its end, good or bad.

Called by `environments` for builds and by `packs` for fetches. Between two agents on one host, `file_locks` do the same.
"""

import asyncio
from collections.abc import Callable, Coroutine


class OncePerKey:
    """The work under way, by key."""

    def __init__(self) -> None:
        self._under_way: dict[str, _Shared] = {}

    def begun_by(self, key: str) -> str | None:
        """Return who began the work that is under way."""
        shared = self._under_way.get(key)
        return None if shared is None else shared.begun_by

    async def run(self, key: str, work: Callable[[], Coroutine[None, None, None]], *, who: str = "") -> None:
        """Do the work, or wait for that of the same key. It is cancelled only when nobody waits for it any more."""
        shared = self._under_way.get(key)
        if shared is None:
            shared = self._under_way[key] = _Shared(asyncio.create_task(work()), who)
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
    def __init__(self, task: asyncio.Task[None], begun_by: str) -> None:
        self.task = task
        self.begun_by = begun_by
        self.waiting = 0
