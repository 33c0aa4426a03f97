"""Deadlines: which executions had to start by now (`start_within`), found without looking at all of them.

Used by the lanes, which wake at the next one; whether an execution has expired is `admission`'s to say.
"""

import heapq
from collections.abc import Iterable

from attune_agent.admission import expired
from attune_agent.fifo import Fifo
from attune_agent.policies import Policies
from attune_agent.state.records import Item


class Deadlines:
    """A heap of times and executions; those that have started or left meanwhile drop out when their time comes, or when they are many."""

    def __init__(self, fifo: Fifo, policies: Policies) -> None:
        """Take where executions and their policies are; `renew` begins."""
        self._fifo = fifo
        self._policies = policies
        self._heap: list[tuple[float, str]] = []

    def add(self, item: Item) -> None:
        """Watch one that has just come."""
        within = self._policies.of(item).start_within
        if within is None or not item.first:
            return
        if len(self._heap) > 2 * len(self._fifo) + 64:
            self.renew()
        heapq.heappush(self._heap, (item.accepted_at + within, item.execution))

    def renew(self) -> None:
        """Look at everything in hand: the beginning, or policies changed."""
        self._heap = [(item.accepted_at + within, item.execution) for item, within in self._bounded(self._fifo.items())]
        heapq.heapify(self._heap)

    def due(self, now: float) -> list[Item]:
        """Return those whose time has come, once each."""
        found: list[Item] = []
        while self._heap and self._heap[0][0] <= now:
            item = self._fifo.item(heapq.heappop(self._heap)[1])
            if item is not None and expired(item, self._policies.of(item), now=now):
                found.append(item)
        return found

    def next(self) -> float | None:
        """Return when to ask again."""
        return self._heap[0][0] if self._heap else None

    def _bounded(self, items: Iterable[Item]) -> Iterable[tuple[Item, float]]:
        for item in items:
            within = self._policies.of(item).start_within
            if within is not None and item.first:
                yield item, within
