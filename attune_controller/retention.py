"""Retention: forgets, for ever and a little at a time, what is over and older than the settings keep it.

One loop of the controller beside the others. Nothing unsettled goes, no event younger than the window in which a repeated delivery is
known as one, and positions and numbers are never given again. Each batch is a short transaction of its own; between two the loop rests.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from attune_controller.packs import PackStore
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.settings import Retention
from attune_controller.store.ports.upkeep import Pruning
from attune_controller.store.records.standing import Pruned
from attune_core.ports import Clock

#: Seconds between two rounds, and rows looked at in one transaction.
INTERVAL, BATCH = 600.0, 200
#: A spent or expired join token is known so long. Seconds.
TOKENS = 86_400.0


class Forgetting:
    """Prunes the store and the folder of packs."""

    def __init__(self, store: Pruning, packs: PackStore, active: ActiveCatalog, clock: Clock, kept: Retention) -> None:
        """Take what is pruned and how long it is kept."""
        self._store, self._packs, self._active, self._clock, self._kept = store, packs, active, clock, kept
        self._log = structlog.get_logger("retention")

    async def run(self) -> None:
        """Go round for ever, the first time soon after the start."""
        while True:
            await self.go_round()
            await self._clock.sleep(INTERVAL)

    async def go_round(self) -> None:
        """Forget everything that is due."""
        now, kept = self._clock.now(), self._kept
        events = await self._all(
            lambda after: self._store.prune_events(
                before=now - kept.events,
                dead_before=now - kept.dead_letters,
                dead_keep=kept.dead_letters_kept,
                now=now,
                after=after,
                limit=BATCH,
            ),
        )
        executions = await self._all(
            lambda after: self._store.prune_executions(
                before=now - kept.executions, now=now, keep=kept.executions_kept, after=after, limit=BATCH
            ),
        )
        tokens = await self._store.prune_join_tokens(before=now - TOKENS)
        packs = await self._prune_packs()
        if events or executions or tokens or packs:
            self._log.info("forgotten", events=events, executions=executions, join_tokens=tokens, packs=packs)

    async def _all(self, prune: Callable[[int], Awaitable[Pruned]]) -> int:
        """Prune from the oldest on; rest as long as each batch took, so that at most half of the writer's time goes here."""
        removed, after = 0, 0
        while True:
            began = self._clock.monotonic()
            batch = await prune(after)
            removed += batch.removed
            if batch.after is None:
                return removed
            after = batch.after
            await self._clock.sleep(max(self._clock.monotonic() - began, 0.001))

    async def _prune_packs(self) -> int:
        catalog = self._active.catalog
        if catalog is None:
            return 0  # what the first revision needs is not known yet
        needed = frozenset(pack.digest for pack in catalog.packs.values()) | await self._store.packs_in_use()
        try:
            return await asyncio.to_thread(self._packs.prune, needed)
        except OSError as error:
            self._log.warning("packs_not_pruned", reason=str(error.strerror))
            return 0
