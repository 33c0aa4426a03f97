"""Queues in memory: what is handed over, handed over again, and acknowledged.

Part of MemoryStore; fairness and windows are dealing.deal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from attune_controller.store.buckets import Buckets
from attune_controller.store.dealing import Lane, deal
from attune_controller.store.memory.fleet_queues import fleet_lanes, heads
from attune_controller.store.memory.opened import Opened
from attune_controller.store.memory.tables import QueueRow, Tables
from attune_controller.store.ports.queues import NO_TERMS
from attune_controller.store.records.agents import Held
from attune_controller.store.records.executions import FLEET, Execution, QueueKey
from attune_controller.store.records.queues import Handover, Taken, Terms
from attune_core.marks import MarkKind
from attune_core.states import State


class MemoryQueues(Opened):
    """See port.Queues."""

    async def take_handovers(
        self, agent: str, *, window: int, window_bytes: int, limit: int, terms: Mapping[str, Terms] = NO_TERMS, now: float = 0.0
    ) -> Taken:
        """See the port."""
        tables = self.tables
        if MarkKind.DRAINING in tables.marks.get(agent, {}) or agent in tables.unmerged:
            return Taken(handovers=())
        open_queues = [queue for queue in tables.queues.values() if queue.key.place == agent and queue.waiting]
        open_queues.sort(key=lambda queue: (len(queue.unstarted), queue.turn, queue.made))
        buckets = Buckets(lambda action, key: tables.buckets.get((action, key)), terms, now)
        lanes = chain(fleet_lanes(tables, agent, terms), (_lane(tables, queue, window, window_bytes) for queue in open_queues))
        dealt = deal(buckets.admitting(lanes), limit)
        tables.buckets.update(buckets.drawn)
        tables.turns += 1
        handed = [replace(handover, execution=replace(handover.execution, handed=True)) for handover in dealt]
        for handover in handed:
            queue = tables.queues[handover.execution.queue]
            queue.last_handed, queue.turn = handover.execution.sequence, tables.turns
            if queue.key.place == FLEET:
                queue.chains[agent] = queue.last_handed
            tables.put(handover.execution)
        return Taken(handovers=handed, held=buckets.held)

    async def fleet_heads(self, only: Sequence[QueueKey] | None) -> Mapping[QueueKey, str]:
        """See the port."""
        return heads(self.tables, only)

    async def resume_handovers(self, agent: str, held: Sequence[Held]) -> Sequence[Handover]:
        """See the port."""
        tables = self.tables
        said = {(claim.queue, claim.epoch): claim.last for claim in held}
        resumed: list[Handover] = []
        own = [queue for queue in tables.queues.values() if queue.key.place == agent and queue.last_handed]
        for queue in own:
            again, queue.last_handed = _again(tables, queue, agent, said.get((queue.key, queue.epoch), 0), queue.last_handed)
            resumed += again
        for queue in [queue for queue in tables.queues.values() if agent in queue.chains]:
            again, queue.chains[agent] = _again(tables, queue, agent, said.get((queue.key, queue.epoch), 0), queue.chains[agent])
            resumed += again
        return resumed

    async def acknowledge(self, held: Sequence[Held], *, agent: str | None = None) -> Sequence[str]:
        """See the port."""
        tables = self.tables
        return [
            execution.new.id
            for claim in held
            if (queue := tables.queues.get(claim.queue))
            for execution in _assign(tables, queue, agent or claim.queue.place, claim.epoch, claim.last)
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


def _again(tables: Tables, queue: QueueRow, agent: str, last: int, handed: int) -> tuple[list[Handover], int]:
    """Assign what the agent was handed up to `last`; return the rest, chained from there, and where the chain goes on."""
    _assign(tables, queue, agent, queue.epoch, last)
    again = _unacknowledged(tables, queue, agent, queue.epoch)
    afters = [last, *(execution.sequence for execution in again)]
    resumed = [Handover(execution=execution, after=after) for execution, after in zip(again, afters, strict=False)]
    return resumed, afters[-1] if last <= handed else handed


def _unacknowledged(tables: Tables, queue: QueueRow, agent: str, epoch: int) -> list[Execution]:
    handed = [tables.executions[number] for number in queue.unstarted]
    return sorted(
        (one for one in handed if one.state is State.QUEUED and one.epoch == epoch and one.agent == agent),
        key=lambda execution: execution.sequence,
    )


def _assign(tables: Tables, queue: QueueRow, agent: str, epoch: int, last: int) -> list[Execution]:
    """Move what the queue's agent holds up to `last` to assigned; return it by sequence."""
    assigned = [replace(one, state=State.ASSIGNED) for one in _unacknowledged(tables, queue, agent, epoch) if one.sequence <= last]
    for execution in assigned:
        tables.put(execution)
    return assigned
