"""The bound of everything that waits at the controller: beyond it nothing more is accepted, and senders are told to come back.

Asked by intake for each event, told by intake and planning what they add. What was counted last and what was added since is never less than
what there is, so below the bound nothing is read; at the bound it is counted again, at most once a second.
"""

from typing import Protocol

from attune_controller.bounds import Bound
from attune_controller.errors import BacklogFull
from attune_controller.store.records.standing import Counts
from attune_core.ports import Clock

#: Seconds between two counts of a full controller.
INTERVAL = 1.0


class Counting(Protocol):
    """Who knows how much there is; the store."""

    async def counts(self) -> Counts:
        """Return totals."""
        ...


class Backlog:
    """Events to be planned and executions that are not settled, at most."""

    def __init__(self, store: Counting, clock: Clock) -> None:
        """Begin with nothing, until `count` says what there is."""
        self._store, self._clock = store, clock
        self._most = 0
        self._counts_again = 0.0
        #: How much may wait.
        self.limit = 1_000_000

    def bounds(self) -> tuple[Bound, ...]:
        """Say how much waits, at most: more than there is rather than less."""
        return (Bound(name="backlog", depth=self._most, limit=self.limit),)

    def added(self, number: int) -> None:
        """Take note of new ones."""
        self._most += number

    async def count(self) -> None:
        """Look how much there is; what is added meanwhile counts twice rather than not at all."""
        before = self._most
        counts = await self._store.counts()
        self._most += counts.events_waiting + counts.executions_unsettled - before

    async def check(self, number: int = 1) -> None:
        """Let so many more in; `BacklogFull` when there is no room for all of them."""
        if self._most + number > self.limit and self._clock.monotonic() >= self._counts_again:
            self._counts_again = self._clock.monotonic() + INTERVAL
            await self.count()
        if self._most + number > self.limit:
            raise BacklogFull(f"{self.limit} events and executions wait at this controller, which is as many as it takes")
