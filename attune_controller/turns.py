"""Turns: wakes the agents whose turn it is in the queues of the fleet, which stand at the controller (`scope: fleet`).

Told by planning, reports and cancellation of the executions that they moved; dispatch then takes the head for its agent. What nobody told
is found by looking at all of these queues every INTERVAL. Here too ends what does not wait (`when_busy`): an agent knows only its own part
of such a queue.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from attune_controller.cancellation import Cancellation
from attune_controller.completion import completion
from attune_controller.moved import Moved
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.store.backlog import Backlog, Holds
from attune_controller.store.errors import NotCancellable
from attune_controller.store.ports.executions import Executions
from attune_controller.store.ports.queues import Queues
from attune_controller.store.records.executions import FLEET, Execution, Move, QueueKey
from attune_core.ports import Clock
from attune_core.states import Outcome, Reason, State

#: Seconds between two looks at all of them.
INTERVAL = 5.0
#: Queues of one action read at a time, and executions of one queue that are looked at for room.
PAGE, BACKLOG = 200, 10_000

Wake = Callable[[], None]


class TurnsStore(Queues, Executions, Backlog, Holds, Protocol):
    """The part of the store that turns use."""


class Turns:
    """Who is next; a look too many costs one read."""

    def __init__(
        self, store: TurnsStore, sessions: OpenSessions, active: ActiveCatalog, cancellation: Cancellation, clock: Clock, *, planned: Wake
    ) -> None:
        """Take what knows the queues and who is there, the policies that hold, and who ends executions; `planned` wakes the planner."""
        self._store, self._sessions, self._active = store, sessions, active
        self._cancellation, self._clock, self._wake = cancellation, clock, planned
        self._changed: set[QueueKey] = set()
        self._work = asyncio.Event()
        #: Told of what did not wait.
        self.moved: Moved = self.changed

    def changed(self, executions: Iterable[Execution]) -> None:
        """Take note of executions that were planned, moved or ended."""
        queues = {execution.queue for execution in executions if execution.new.fleet}
        if queues:
            self._changed |= queues
            self._work.set()

    async def run(self) -> None:
        """For ever: wake those whose turn has come."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL):
                    await self._work.wait()
            self._work.clear()
            only, self._changed = self._changed, set()
            await self.look(sorted(only) or None)

    async def look(self, only: list[QueueKey] | None = None) -> None:
        """End what does not wait in these queues, or in all, and wake those whose turn it is."""
        for action in self._busy_actions():
            for queue in await self._queues_of(action, only):
                await self._make_room(queue)
        for agent in set((await self._store.fleet_heads(only)).values()):
            self._sessions.wake(agent)

    def _busy_actions(self) -> list[str]:
        """Return the actions whose work does not always wait."""
        actions = self._active.catalog.actions if self._active.catalog else {}
        return [ref for ref, action in actions.items() if action.document.concurrency.when_busy != "queue"]

    async def _queues_of(self, action: str, only: Sequence[QueueKey] | None) -> list[QueueKey]:
        if only is not None:
            return [queue for queue in only if queue.action == action]
        found: list[QueueKey] = []
        after = 0
        while page := await self._store.queue_states(after=after, limit=PAGE, place=FLEET, action=action):
            found += [state.queue for state in page]
            after = page[-1].id
        return found

    async def _make_room(self, queue: QueueKey) -> None:
        """`skip`: what stands behind the limit ends. `cancel_running`: what stands before the newest ones does."""
        concurrency = self._active.catalog.actions[queue.action].document.concurrency if self._active.catalog else None
        standing = (await self._store.queue_page(queue, after=0, limit=BACKLOG)).executions
        if concurrency is None or len(standing) <= concurrency.limit:
            return
        if concurrency.when_busy == "skip":
            # A retry at the tail waits, as it does at an agent: what was tried once is not said to be rejected.
            moves = [self._skipped(one) for one in standing[concurrency.limit :] if not one.handed and not one.attempt]
            self.moved(await self._store.record_moves(moves))
            self._wake()
            return
        paused = {(hold.action, hold.key) for hold in await self._store.queue_holds()} & {(queue.action, None), (queue.action, queue.key)}
        for execution in standing[: -concurrency.limit]:
            # What runs goes on while what would take its place may not start.
            if not execution.cancelling and not (paused and execution.handed):
                with suppress(NotCancellable):  # it ended meanwhile
                    await self._cancellation.cancel(execution, Reason.SUPERSEDED, "a newer one came")

    def _skipped(self, execution: Execution) -> Move:
        now = self._clock.now()
        move = Move(
            execution=execution.new.id,
            attempt=execution.attempt,
            state=State.SETTLED,
            at=now,
            outcome=Outcome.REJECTED,
            reason=Reason.SKIPPED,
            detail="the queue was busy when it came",
            unhanded=True,  # the queue may have moved since it was looked at
        )
        return replace(move, completion=completion(execution, move, now))
