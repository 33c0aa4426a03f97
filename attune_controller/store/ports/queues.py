"""Queues: what the store is asked of queues, and of what is handed over from them.

Part of store.port.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attune_controller.store.records.agents import Held
from attune_controller.store.records.executions import Execution, QueueKey
from attune_controller.store.records.queues import Handover, Standing, Taken, Terms

#: Of no action anything is known: limit 1, no rate that agents share.
NO_TERMS: Mapping[str, Terms] = {}


class Queues(Protocol):
    """Hand-over of queues to agents."""

    async def take_handovers(
        self, agent: str, *, window: int, window_bytes: int, limit: int, terms: Mapping[str, Terms] = NO_TERMS, now: float = 0.0
    ) -> Taken:
        """Mark the next executions of the agent's queues as handed and return them with `after`, in sequence order, fair over queues.

        Per queue at most `window` executions and `window_bytes` of input are handed and not started (an input larger than
        `window_bytes` goes alone); at most `limit` are returned, and none while the agent is marked as draining. Queues with the least
        handed and not started come first, among equals the one served longest ago, and each gives one before any gives the next.
        A queue of the fleet gives its head to the agent that this is placed on, when nothing of it is on its way to a start, fewer than
        the limit are unsettled anywhere, and nobody paused it. `terms` by action (limit 1 for others) are of `now`: what finds no token
        of its rate waits.
        """
        ...

    async def fleet_heads(self, only: Sequence[QueueKey] | None) -> Mapping[QueueKey, str]:
        """Return whose turn it is ("": an agent is looked for) in each queue of the fleet of which nothing is on its way to a start."""
        ...

    async def resume_handovers(self, agent: str, held: Sequence[Held]) -> Sequence[Handover]:
        """After a hello: everything up to `last` is assigned; what was handed beyond it is returned again, `after` chained from `last`."""
        ...

    async def acknowledge(self, held: Sequence[Held], *, agent: str | None = None) -> Sequence[str]:
        """Move handed executions up to `last` of each queue to assigned; return their ids.

        The queue's place is taken as given: the caller compares it with the name in the agent's certificate. Of the fleet's queues only
        those handed to `agent` move.
        """
        ...

    async def depths(self, queues: Sequence[QueueKey]) -> Mapping[QueueKey, int]:
        """Return how many unsettled executions each of these queues has (0 for one that does not exist), for its bound."""
        ...

    async def handed_cancels(self, agent: str) -> Sequence[Execution]:
        """Return executions of this agent that are cancelling and unsettled, to repeat the cancel frame after a reconnect."""
        ...


class Standings(Protocol):
    """What stands before what, for people who ask; nothing on the path of an event asks this."""

    async def standing(self, queue: QueueKey, *, sequence: int, limit: int) -> Standing:
        """Return what is unsettled in a queue before a sequence; of it the first `limit`, in their order."""
        ...
