"""Queues in memory: what is handed over, handed over again, and acknowledged.

Part of MemoryStore; fairness and windows are dealing.deal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from attune_controller.store.dealing import Lane, deal
from attune_controller.store.memory.opened import Opened
from attune_controller.store.memory.tables import QueueRow, Tables
from attune_controller.store.records import Execution, Handover, Held, QueueKey
from attune_core.marks import MarkKind
from attune_core.states import State


class MemoryQueues(Opened):
    """See port.Queues."""

    async def take_handovers(
        self, agent: str, *, window: int, window_bytes: int, limit: int, blocked: frozenset[QueueKey] = frozenset()
    ) -> Sequence[Handover]:
        """See the port."""
        tables = self.tables
        if MarkKind.DRAINING in tables.marks.get(agent, {}) or agent in tables.unmerged:
            return []
        open_queues = [queue for queue in tables.queues.values() if queue.key.place == agent and queue.waiting and queue.key not in blocked]
        open_queues.sort(key=lambda queue: (len(queue.unstarted), queue.turn, queue.made))
        dealt = deal((_lane(tables, queue, window, window_bytes) for queue in open_queues), limit)
        tables.turns += 1
        handed = [replace(handover, execution=replace(handover.execution, handed=True)) for handover in dealt]
        for handover in handed:
            queue = tables.queues[handover.execution.queue]
            queue.last_handed, queue.turn = handover.execution.sequence, tables.turns
            tables.put(handover.execution)
        return handed

    async def resume_handovers(self, agent: str, held: Sequence[Held]) -> Sequence[Handover]:
        """See the port."""
        tables = self.tables
        said = {(claim.queue, claim.epoch): claim.last for claim in held}
        resumed: list[Handover] = []
        for queue in tables.queues.values():
            if queue.key.place != agent or not queue.last_handed:
                continue
            last = said.get((queue.key, queue.epoch), 0)
            _assign(tables, queue, queue.epoch, last)
            again = _unacknowledged(tables, queue, queue.epoch)
            afters = [last, *(execution.sequence for execution in again)]
            resumed += [Handover(execution=execution, after=after) for execution, after in zip(again, afters, strict=False)]
            queue.last_handed = afters[-1] if last <= queue.last_handed else queue.last_handed
        return resumed

    async def acknowledge(self, held: Sequence[Held]) -> Sequence[str]:
        """See the port."""
        tables = self.tables
        return [
            execution.new.id
            for claim in held
            if (queue := tables.queues.get(claim.queue))
            for execution in _assign(tables, queue, claim.epoch, claim.last)
        ]

    async def depths(self, queues: Sequence[QueueKey]) -> Mapping[QueueKey, int]:
        """See the port."""
        rows = self.tables.queues
        return {key: len(rows[key].unsettled) if key in rows else 0 for key in queues}

    async def handed_cancels(self, agent: str) -> Sequence[Execution]:
        """See the port."""
        tables = self.tables
        return [tables.executions[number] for number in sorted(tables.cancelling) if tables.executions[number].agent == agent]


def _lane(tables: Tables, queue: QueueRow, window: int, window_bytes: int) -> Lane:
    return Lane(
        waiting=((tables.sizes[number], tables.executions[number]) for number in queue.waiting),
        last_handed=queue.last_handed,
        unstarted=len(queue.unstarted),
        unstarted_bytes=sum(tables.sizes[number] for number in queue.unstarted),
        window=window,
        window_bytes=window_bytes,
    )


def _unacknowledged(tables: Tables, queue: QueueRow, epoch: int) -> list[Execution]:
    handed = [tables.executions[number] for number in queue.unstarted]
    return sorted(
        (execution for execution in handed if execution.state is State.QUEUED and execution.epoch == epoch),
        key=lambda execution: execution.sequence,
    )


def _assign(tables: Tables, queue: QueueRow, epoch: int, last: int) -> list[Execution]:
    """Move what the queue's agent holds up to `last` to assigned; return it by sequence."""
    assigned = [
        replace(execution, state=State.ASSIGNED) for execution in _unacknowledged(tables, queue, epoch) if execution.sequence <= last
    ]
    for execution in assigned:
        tables.put(execution)
    return assigned
