"""Alarms: one sleep for all that wait for an hour, however many they are.

Used by the lanes for queues whose head waits for a retry, a rate or a deadline; ringing looks at the queue again.
"""

import asyncio
import heapq
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from attune_core.ports import Clock

K = TypeVar("K", bound=Hashable)


class Alarms(Generic[K]):
    """At most one alarm of each key."""

    def __init__(self, clock: Clock, ring: Callable[[K], None]) -> None:
        """Take the clock and who is told."""
        self._clock = clock
        self._ring = ring
        self._until: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []  # an entry whose time is not that of its key any more is void
        self._count = 0
        self._sleeper: asyncio.Task[None] | None = None
        self._sleeps_until = 0.0

    def set(self, key: K, until: float | None, tasks: asyncio.TaskGroup) -> None:
        """Ring once at that time by Clock.monotonic(), and at no other; None: not at all."""
        if self._until.get(key) == until:
            return
        if until is None:
            del self._until[key]
            return
        self._until[key] = until
        self._count += 1  # alarms of one time ring in the order in which they were set
        heapq.heappush(self._heap, (until, self._count, key))
        if len(self._heap) > 2 * len(self._until) + 64:
            self._heap = [entry for entry in self._heap if self._until.get(entry[2]) == entry[0]]
            heapq.heapify(self._heap)
        if self._sleeper is None or self._sleeper.done() or until < self._sleeps_until:
            if self._sleeper is not None:
                self._sleeper.cancel()
            self._sleeper = tasks.create_task(self._sleep())

    async def _sleep(self) -> None:
        while self._heap:
            self._sleeps_until = self._heap[0][0]
            await self._clock.sleep(max(self._sleeps_until - self._clock.monotonic(), 0.0))
            now = max(self._clock.monotonic(), self._sleeps_until)
            while self._heap and self._heap[0][0] <= now:
                until, _, key = heapq.heappop(self._heap)
                if self._until.get(key) == until:
                    del self._until[key]
                    self._ring(key)
