"""The bound of a queue: what is planned into a full one is rejected(queue_full), and an event says so, now and then.

Asked by planning for each batch and each execution that found its agent. Only planning adds to queues, so what a queue held when it was
looked at and what was added since is never less than what it holds: while that is below the bound, nothing is read.
"""

from collections import Counter, OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import replace

from attune_controller.bounds import Bound
from attune_controller.internal_events import internal_event
from attune_controller.store.ports.queues import Queues
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import Execution, NewExecution, QueueKey
from attune_controller.store.records.groups import Plan
from attune_controller.store.transitions import queue_for
from attune_core.ports import Clock, Random
from attune_core.states import Reason
from attune_core.values import JsonObject

#: Queues remembered, and seconds between two events that tell of the same full one.
KNOWN, INTERVAL = 16_384, 60.0


class QueueBound:
    """What each queue holds at most."""

    def __init__(self, store: Queues, clock: Clock, random: Random) -> None:
        """Know nothing yet."""
        self._store, self._clock, self._random = store, clock, random
        self._most: OrderedDict[QueueKey, int] = OrderedDict()
        self._told: OrderedDict[QueueKey, float] = OrderedDict()
        #: Unsettled executions that one queue may hold.
        self.limit = 10_000

    def bounds(self) -> tuple[Bound, ...]:
        """Say how many queues are remembered."""
        return (Bound(name="known_queues", depth=len(self._most), limit=KNOWN),)

    async def applied(self, plans: Sequence[Plan]) -> list[Plan]:
        """Return the plans with what no longer fits rejected, and the events that tell of it."""
        await self._look({_queue_of(new) for plan in plans for new in plan.executions if _stands(new)})
        return [self._applied(plan) for plan in plans]

    async def fits(self, plan: Plan) -> bool:
        """Tell whether nothing of a plan would be rejected; nothing is counted."""
        queues = Counter(_queue_of(new) for new in plan.executions if _stands(new))
        await self._look(queues.keys())
        return all(self._most[queue] + count <= self.limit for queue, count in queues.items())

    async def has_room(self, execution: Execution, agent: str) -> bool:
        """Tell whether an execution fits into the queue of the agent that was found for it, and count it if so."""
        if execution.sequence:  # it stands there already
            return True
        queue = queue_for(execution.new, agent)
        await self._look({queue})
        return self._take(queue)

    def news(self, queue: QueueKey, position: int, hops: int) -> NewEvent | None:
        """Return the event that tells that a queue is full, None when that was told a moment ago; `position` is of what did not fit."""
        if not self._is_news(queue):
            return None
        data: JsonObject = {"place": queue.place, "action": queue.action, "key": queue.key, "limit": self.limit, "event": str(position)}
        return internal_event("queue_full", queue.action, data, self._clock, self._random, hops=hops)

    def why(self, action: str) -> str:
        """Say why an execution is rejected."""
        return f"{self.limit} executions of {action} stand in its queue, which is as many as it takes"

    async def _look(self, queues: Collection[QueueKey]) -> None:
        """Know all of these; those that were not asked for longest are forgotten."""
        unknown = [queue for queue in queues if self._most.get(queue, self.limit) >= self.limit]
        if unknown:
            self._most.update(await self._store.depths(unknown))
        for queue in queues:
            self._most.move_to_end(queue)
        while len(self._most) > max(KNOWN, len(queues)):
            self._most.popitem(last=False)

    def _take(self, queue: QueueKey) -> bool:
        most = self._most[queue]
        if most < self.limit:
            self._most[queue] = most + 1
        return most < self.limit

    def _applied(self, plan: Plan) -> Plan:
        executions = [self._kept(new) for new in plan.executions]
        full = {_queue_of(new): new.hops + 1 for new in executions if new.rejected is Reason.QUEUE_FULL}
        notices = tuple(filter(None, (self.news(queue, plan.position, hops) for queue, hops in full.items())))
        return replace(plan, executions=tuple(executions), notices=notices) if full else plan

    def _kept(self, new: NewExecution) -> NewExecution:
        if not _stands(new) or self._take(_queue_of(new)):
            return new
        return replace(new, rejected=Reason.QUEUE_FULL, detail=self.why(new.action))

    def _is_news(self, queue: QueueKey) -> bool:
        """Tell whether nothing was said of this queue for a while, and remember that it is said now."""
        now = self._clock.monotonic()
        while self._told and next(iter(self._told.values())) <= now - INTERVAL:
            self._told.popitem(last=False)
        if queue in self._told:
            return False
        self._told[queue] = now
        return True


def _stands(new: NewExecution) -> bool:
    return not new.rejected and bool(new.agent or new.fleet)


def _queue_of(new: NewExecution) -> QueueKey:
    return queue_for(new, new.agent)
