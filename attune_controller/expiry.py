"""Expiry: ends what waited longer than its action's `start_within` and was handed to nobody, as rejected(expired).

One loop of the controller, woken by planning and by a new revision, whose `start_within` holds for what waits already. What an agent has
is the agent's to judge: both count from the acceptance. It has transactions of its own, behind those of planning.
"""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import structlog

from attune_controller.completion import completion
from attune_controller.moved import Moved, nobody
from attune_controller.planning import CatalogHolder, Wake
from attune_controller.store.backlog import Backlog
from attune_controller.store.ports.executions import Executions
from attune_controller.store.records.executions import Execution, Move
from attune_controller.waking import woken
from attune_core.catalog.catalog import Catalog
from attune_core.ports import Clock
from attune_core.states import Outcome, Reason, State

#: Executions ended in one transaction.
BATCH = 200


class ExpiryStore(Backlog, Executions, Protocol):
    """The part of the store that expiry uses."""


class Expiry:
    """Looks for what is overdue, and sleeps until the next one is."""

    def __init__(self, store: ExpiryStore, active: CatalogHolder, clock: Clock, settled: Wake) -> None:
        """Take what is needed; `settled` wakes the planner for completion events."""
        self._store, self._active, self._clock, self._settled = store, active, clock, settled
        self._work = asyncio.Event()
        self._bounds: Mapping[str, float] = {}
        #: When it looks again, wall clock.
        self._looks_at = math.inf
        #: Told of what ended.
        self.moved: Moved = nobody
        self._log = structlog.get_logger("expiry")

    def wake(self) -> None:
        """Say that other bounds may hold."""
        self._work.set()

    def waits(self, execution: Execution) -> None:
        """Say that this one waits; it may be due earlier than all others."""
        if due_at(execution, self._bounds) < self._looks_at:
            self._work.set()

    async def run(self) -> None:
        """End for ever what is due."""
        while True:
            self._work.clear()
            self._bounds = bounds_of(self._active.catalog)
            left = await self._left()
            self._looks_at = self._clock.now() + left
            if left <= 0:
                await self._end_overdue()
                continue
            await woken(self._work, None if left == math.inf else left)

    async def _left(self) -> float:
        """Return the seconds until the next one is due; none or less: now."""
        oldest = await self._store.oldest_unhanded(sorted(self._bounds)) if self._bounds else {}
        now = self._clock.now()
        return min((at - (now - self._bounds[action]) for action, at in oldest.items()), default=math.inf)

    async def _end_overdue(self) -> None:
        now = self._clock.now()
        for action, bound in self._bounds.items():
            while overdue := await self._store.unhanded(action, until=now - bound, limit=BATCH):
                ended = await self._store.record_moves([expired(execution, bound, now) for execution in overdue])
                self._log.info("executions_expired", action=action, executions=len(ended))
                self.moved(ended)
                self._settled()
                if not ended:  # all were handed over meanwhile
                    break


def bounds_of(catalog: Catalog | None) -> Mapping[str, float]:
    """Return the `start_within` of the actions that have one, seconds."""
    found = ((ref, action.document.start_within) for ref, action in (catalog.actions if catalog else {}).items())
    return {ref: bound for ref, bound in found if bound is not None}


def due_at(execution: Execution, bounds: Mapping[str, float]) -> float:
    """Return when an execution has waited too long, wall clock; never for one that does not wait or was tried."""
    if execution.state not in (State.ACCEPTED, State.QUEUED) or execution.handed or execution.attempt:
        return math.inf
    return execution.new.accepted_at + bounds.get(execution.new.action, math.inf)


def expired(execution: Execution, bound: float, now: float) -> Move:
    """Return the move that ends an overdue execution, unless it is handed over meanwhile."""
    move = Move(
        execution=execution.new.id,
        attempt=0,
        state=State.SETTLED,
        at=now,
        outcome=Outcome.REJECTED,
        reason=Reason.EXPIRED,
        detail=f"it had not started within {bound:g} s of its acceptance, and no agent had it",
        unhanded=True,
    )
    return replace(move, completion=completion(execution, move, now))
