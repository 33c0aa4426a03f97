"""What waits, as the store's port has it for those who operate queues: other places, paused queues, and what there is to see.

Part of port.Store; implemented and held to its contract like the rest of it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import Execution, QueueKey
from attune_controller.store.records.queues import Hold, QueuePage, QueueState
from attune_controller.store.records.standing import Filter


class Returns(Protocol):
    """Other places at the tail; a sequence is taken once, and one that was given up never comes again."""

    async def request_requeue(self, execution: str) -> Execution:
        """Give one that was not handed over a place at the tail now; otherwise mark it and return it (the caller sends the frame).

        One that is to be tried again at the tail takes its place there anyway and is returned as it is. `ExecutionUnknown`;
        `NotRequeueable` when it is settled, being cancelled, has started, or has no place.
        """
        ...

    async def asked_back(self, agent: str) -> Sequence[Execution]:
        """Return executions of this agent that it is to give back, to repeat the frame after a reconnect."""
        ...

    async def next_ready(self, *, beyond: float = math.inf) -> float | None:
        """Return when the first back-off of those tried again at the tail is over, 0.0 if one ends after `beyond`; None without any."""
        ...

    async def place_ready(self, *, until: float, limit: int, beyond: float = math.inf) -> Sequence[Execution]:
        """Give those whose back-off is over by `until`, or ends after `beyond`, their place at the tail, in that order; return them."""
        ...


class Holds(Protocol):
    """Queues of which operators let nothing new start."""

    async def queue_holds(self) -> Sequence[Hold]:
        """Return all, by action and key, an action's own first."""
        ...

    async def put_hold(self, hold: Hold, event: NewEvent) -> None:
        """Store one, in place of another of its action and key, and accept the event that tells of it, in one transaction."""
        ...

    async def lift_hold(self, action: str, key: str | None, event: NewEvent) -> None:
        """Remove one and accept the event that tells of it, in one transaction."""
        ...


class Backlog(Protocol):
    """What stands in queues."""

    async def queue_state(self, queue: QueueKey) -> QueueState | None:
        """Return one queue; None when nothing in it is unsettled."""
        ...

    async def queue_states(self, *, after: int, limit: int, place: Filter = None, action: Filter = None) -> Sequence[QueueState]:
        """Return a page of the queues with unsettled executions, by action, key and place, those behind the queue with the id `after`."""
        ...

    async def deepest_queues(self, *, limit: int) -> Sequence[QueueState]:
        """Return those of the queues with the most unsettled executions, the deepest first."""
        ...

    async def queue_page(self, queue: QueueKey, *, after: int, limit: int) -> QueuePage:
        """Return a page of its unsettled executions in their order, sequences above `after`; those without a place are not in it."""
        ...

    async def returning(self, queue: QueueKey, *, limit: int) -> Sequence[Execution]:
        """Return those of its executions that have no place until their back-off is over, the first to be ready first."""
        ...

    async def oldest_unhanded(self, actions: Sequence[str]) -> Mapping[str, float]:
        """Return, for each of the actions that has any, when the oldest of what `unhanded` returns was accepted."""
        ...

    async def unhanded(self, action: str, *, until: float, limit: int) -> Sequence[Execution]:
        """Return executions of an action that nobody was handed, of which no attempt was made, accepted by then; the oldest first."""
        ...
