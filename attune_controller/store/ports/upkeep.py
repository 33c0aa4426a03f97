"""Upkeep: what the store is asked by reconcile, by retention and after a restore.

Part of store.port.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from attune_controller.store.records.agents import Departure, Held, Unmerged
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import End, Execution
from attune_controller.store.records.standing import Pruned, Sync


class Syncs(Protocol):
    """Where reconcile stands."""

    async def sync(self) -> Sync:
        """Return the status; an empty one at first."""
        ...

    async def record_sync(self, sync: Sync, event: NewEvent | None = None) -> None:
        """Replace the status; the active revision's pointer flips here, and the event that tells of it is accepted."""
        ...


class Pruning(Protocol):
    """What is no longer kept; each call looks at a few rows, so that it holds up nobody. Positions and numbers are never given again."""

    async def prune_events(
        self, *, before: float, now: float, after: int, limit: int, dead_before: float = math.inf, dead_keep: int = 1_000_000
    ) -> Pruned:
        """Forget, of the next `limit` events above position `after`, those received before then that are planned and fully settled.

        The look ends at the first one that an open group waits with, or that was received between `before` and `now`; one from a clock
        that ran ahead only stays, and so does a dead letter that nobody dropped, that was received at `dead_before` or later and is among
        the newest `dead_keep`.
        """
        ...

    async def prune_executions(self, *, before: float, now: float, keep: int, after: int, limit: int) -> Pruned:
        """Forget, of the next `limit` executions above number `after`, settled ones that ended before then or are beyond the newest `keep`.

        The look ends at the first of the newest that was accepted between `before` and `now`.
        """
        ...

    async def prune_join_tokens(self, *, before: float) -> int:
        """Forget permissions that were spent or expired before then; return how many."""
        ...

    async def packs_in_use(self) -> frozenset[str]:
        """Return the digests of the packs that unsettled executions run."""
        ...


class Merges(Protocol):
    """A store that came out of a backup learns from each agent what it does not know, before it hands anything over to it (G18)."""

    async def restored(self, incarnation: str) -> None:
        """Begin another life: under a new identity, every agent is unmerged, and nothing is handed over to an unmerged one.

        Nothing is handed over from a queue of the fleet while any agent is.
        """
        ...

    async def unmerged(self) -> Mapping[str, Unmerged]:
        """Return the agents that have not said what they hold, by name."""
        ...

    async def take_over(self, agent: str, held: Sequence[Execution], event: NewEvent) -> None:
        """Let an unmerged agent have these, at the places, in the states and with the attempts that it says; what is settled here stays so.

        One that is not known is made, under its number if that is free, of the event, which is accepted if it is needed.
        """
        ...

    async def merge(self, agent: str, known: Sequence[Held], end: End, *, theirs: Collection[str] = ()) -> Departure:
        """Settle, of what the agent was given, what `end` says; let the rest that it does not hold wait again; and let it be merged.

        `theirs` are the executions that it holds or still reports of: it was handed them, whatever the backup says. Each queue of which it
        knows something goes into an epoch beyond the agent's, and its sequences go on beyond the agent's last.
        """
        ...
