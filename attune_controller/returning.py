"""Returning: gives what is tried again at the tail its place there when its back-off is over.

One loop of the controller, woken by reports; it sleeps until the next one is ready. During its back-off an execution has no place, so what
comes meanwhile passes it: that is what `place: tail` means. A restart changes nothing, the store keeps when each is ready.
"""

import asyncio
from collections.abc import Callable

from attune_controller.store.backlog import Returns
from attune_controller.store.records.executions import Execution
from attune_core.ports import Clock

#: Executions placed in one transaction.
BATCH = 200


class Returning:
    """Places what is ready."""

    def __init__(self, store: Returns, clock: Clock, returned: Callable[[Execution], None]) -> None:
        """Take what is needed; `returned` hears of what has its place again."""
        self._store, self._clock, self._returned = store, clock, returned
        self._work = asyncio.Event()

    def wake(self) -> None:
        """Say that one may be ready earlier than all others."""
        self._work.set()

    async def run(self) -> None:
        """Place for ever."""
        while True:
            self._work.clear()
            ready_at, now = await self._store.next_ready(), self._clock.now()
            if ready_at is not None and ready_at <= now:  # before anything else: reports that wake it all the time must not hold it up
                await self._place(now)
                continue
            try:
                async with asyncio.timeout(None if ready_at is None else ready_at - now):
                    await self._work.wait()
            except TimeoutError:
                # A clock that was set back meanwhile lets nobody wait twice.
                await self._place(max(ready_at or 0.0, self._clock.now()))

    async def _place(self, until: float) -> None:
        while placed := await self._store.place_ready(until=until, limit=BATCH):
            for execution in placed:
                self._returned(execution)
