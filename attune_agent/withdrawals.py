"""What leaves its queue because somebody says so: operators and rules through the inbox, admission through the lanes.

Called by the inbox (cancel, requeue) and the lanes (expired, skipped, superseded). `attempt` runs its preparations here, so that they can
be ended, and asks before each step whether the execution is still to start. Ends in the ledger: one last report, whoever comes first.
"""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from attune_agent.admission import expired
from attune_agent.endings import cancelled_unstarted, rejected_unstarted
from attune_agent.following import Following
from attune_agent.ledger import Ledger
from attune_agent.policies import Policies
from attune_agent.state.records import Item, Phase
from attune_core.ports import Clock
from attune_core.states import Reason

T = TypeVar("T")


class Withdrawals:
    """Ends executions in whatever phase they are."""

    def __init__(self, *, ledger: Ledger, following: Following, policies: Policies, clock: Clock) -> None:
        """Take the parts."""
        self._ledger = ledger
        self._following = following
        self._policies = policies
        self._clock = clock
        self._preparing: dict[str, asyncio.Task[object]] = {}

    async def cancel(self, execution: str, reason: Reason) -> bool:
        """Settle it without a start, or have its whole tree stopped; False when it is not in hand (settled, or never assigned)."""
        item = self._ledger.item(execution)
        if item is None:
            return False
        if item.phase is Phase.WAITING:
            await self._ledger.settled(self._ledger.closing(item), cancelled_unstarted(reason))
            return True
        # The first reason counts: a controller that says it again after a reconnect does not remember why.
        await self._ledger.cancelling(item, item.cancel or reason)
        if preparing := self._preparing.get(execution):
            preparing.cancel()
        elif item.phase is Phase.STARTED:
            await self._following.stop(item)
        return True

    async def requeue(self, execution: str) -> None:
        """Give it back for a new place if no attempt of it is under way; one that runs goes on, one that is being ended ends."""
        item = self._ledger.item(execution)
        if item is None or item.cancel is not None:
            return
        if item.phase is Phase.WAITING:
            await self._give_back(self._ledger.closing(item))
        elif item.phase is Phase.PREPARING:
            self._ledger.requeueing(item)
            if preparing := self._preparing.get(execution):
                preparing.cancel()

    async def withdraw(self, execution: str, reason: Reason) -> None:
        """Do what admission decided: `superseded` is a cancellation, anything else ends it only if it has not started."""
        if reason is Reason.SUPERSEDED:
            await self.cancel(execution, reason)
            return
        item = self._ledger.item(execution)
        if item is not None and item.phase is Phase.WAITING:
            await self._ledger.settled(self._ledger.closing(item), rejected_unstarted(reason, self._policies.of(item)))
        elif preparing := self._preparing.get(execution):
            preparing.cancel()

    def abandon(self, item: Item) -> None:
        """End the preparation of one that could not be stored; the ledger moves nothing of it any more, even if it has come again."""
        if preparing := self._preparing.get(item.execution):
            preparing.cancel()

    async def unless_withdrawn(self, item: Item, work: Coroutine[None, None, T]) -> T | None:
        """Return what a preparation makes, None when the execution was withdrawn meanwhile."""
        task = asyncio.create_task(work)
        self._preparing[item.execution] = task
        try:
            return await task
        except asyncio.CancelledError:
            own = asyncio.current_task()
            if own is not None and own.cancelling():  # the program is ending
                raise
            return None
        finally:
            del self._preparing[item.execution]

    def due(self, item: Item) -> bool:
        """Tell whether it is not to start any more."""
        current = self._ledger.item(item.execution) or item
        return self._ledger.gone(item) or current.cancel is not None or current.requeue or self._expired(current)

    async def leave(self, item: Item) -> None:
        """Settle it without a start, or give it back; returns when that is durable."""
        if self._ledger.gone(item):
            return
        current = self._ledger.item(item.execution) or item
        if current.cancel is None and current.requeue:
            await self._give_back(item)
        elif current.cancel is None and self._expired(current):
            await self._ledger.settled(item, rejected_unstarted(Reason.EXPIRED, self._policies.of(item)))
        else:
            await self._ledger.settled(item, cancelled_unstarted(current.cancel))

    def _expired(self, item: Item) -> bool:
        return expired(item, self._policies.of(item), now=self._clock.monotonic())

    async def _give_back(self, item: Item) -> None:
        await self._ledger.given_back(item, attempts=item.attempt - 1, detail="was given back before it started, for a new place")
