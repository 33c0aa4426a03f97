"""Returning: gives what is tried again at the tail its place there when its back-off is over.

One loop of the controller, woken by reports; it sleeps until the next one is ready. During its back-off an execution has no place, so what
comes meanwhile passes it: that is what `place: tail` means. A restart changes nothing, the store keeps when each is ready.
"""

import asyncio
from collections.abc import Callable

from attune_controller.store.backlog import Returns
from attune_controller.store.records.executions import Execution
from attune_controller.waking import woken
from attune_core.ports import Clock

#: Executions placed in one transaction.
BATCH = 200


class Returning:
    """Places what is ready."""

    def __init__(self, store: Returns, clock: Clock, returned: Callable[[Execution], None], *, longest: Callable[[], float]) -> None:
        """Take what is needed; `returned` hears of what has its place again, `longest` says how long a back-off can be, seconds."""
        self._store, self._clock, self._returned, self._longest = store, clock, returned, longest
        self._work = asyncio.Event()

    def wake(self) -> None:
        """Say that one may be ready earlier than all others."""
        self._work.set()

    async def run(self) -> None:
        """Place for ever."""
        while True:
            self._work.clear()
            now = self._clock.now()
            # What is to wait longer than anything can was told so before the clock was set back.
            beyond = now + self._longest()
            ready_at = await self._store.next_ready(beyond=beyond)
            if ready_at is not None and ready_at <= now:  # before anything else: reports that wake it all the time must not hold it up
                await self._place(now, beyond)
            else:
                await woken(self._work, None if ready_at is None else ready_at - now)

    async def _place(self, until: float, beyond: float) -> None:
        while placed := await self._store.place_ready(until=until, beyond=beyond, limit=BATCH):
            for execution in placed:
                self._returned(execution)
