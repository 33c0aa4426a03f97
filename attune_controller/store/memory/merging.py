"""A memory store that plays one out of a backup, and what agents know that it does not.

Part of MemoryStore.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from attune_controller.store.encoding import encode, stored_bytes
from attune_controller.store.memory.events import accept
from attune_controller.store.memory.executions import kept_move, settle_or_go_on
from attune_controller.store.memory.opened import Opened
from attune_controller.store.memory.tables import QueueRow, Tables
from attune_controller.store.records.agents import Departure, Held, Unmerged
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import End, Execution, QueueKey
from attune_controller.store.transitions import after_move, is_unacknowledged
from attune_core.states import State


class MemoryMerges(Opened):
    """See port.Merges."""

    async def restored(self, incarnation: str) -> None:
        """See the port."""
        tables = self.tables
        tables.incarnation = incarnation
        tables.unmerged = {name: Unmerged(instance=agent.instance, numbers=tables.numbers) for name, agent in tables.agents.items()}

    async def unmerged(self) -> Mapping[str, Unmerged]:
        """See the port."""
        return dict(sorted(self.tables.unmerged.items()))

    async def take_over(self, agent: str, held: Sequence[Execution], event: NewEvent) -> None:
        """See the port."""
        tables = self.tables
        for execution in held:
            number = tables.numbers_by_id.get(execution.new.id)
            if number is None:
                number = _insert(tables, agent, execution, event=accept(tables, event).position)
            known = tables.executions[number]
            if known.state is State.SETTLED:
                continue
            _leave_queue(tables, known)
            _queue(tables, execution.queue, execution.epoch, execution.sequence)
            new = replace(known.new, agent=agent)
            tables.put(replace(known, new=new, agent=agent, epoch=execution.epoch, sequence=execution.sequence, ready_at=0.0))
            placed = tables.executions[number]
            tables.put(replace(placed, handed=True, state=execution.state, attempt=execution.attempt))

    async def merge(self, agent: str, known: Sequence[Held], end: End, *, theirs: Collection[str] = ()) -> Departure:
        """See the port."""
        tables, ended = self.tables, 0
        lasts = {(claim.queue, claim.epoch): claim.last for claim in known}
        for execution in [one for one in tables.executions.values() if one.agent == agent and one.state is not State.SETTLED]:
            move = end(execution)
            if move is not None and (after := after_move(execution, move)):
                settle_or_go_on(tables, after, kept_move(move))
                ended += 1
            elif execution.new.id in theirs:
                state = State.ASSIGNED if execution.state is State.QUEUED else execution.state
                tables.put(replace(execution, state=state, handed=True, ready_at=0.0))
            elif is_unacknowledged(execution) and execution.sequence > lasts.get((execution.queue, execution.epoch), 0):
                tables.put(replace(execution, handed=False))
                queue = tables.queues[execution.queue]
                in_order = sorted(queue.waiting, key=lambda number: tables.executions[number].sequence)
                queue.waiting, queue.last_handed = dict.fromkeys(in_order), 0
        for claim in known:
            queue = _queue(tables, claim.queue, 0, claim.last)
            if queue.epoch <= claim.epoch:
                queue.epoch = claim.epoch + 1
                queue.chains.clear()  # of the fleet: every agent's begins anew
            queue.last_handed = 0
            for number in sorted(queue.waiting, key=lambda number: tables.executions[number].sequence):
                if (one := tables.executions[number]).agent not in tables.unmerged.keys() - {agent}:
                    tables.put(replace(one, epoch=queue.epoch))
        for queue in tables.queues.values():
            queue.chains.pop(agent, None)
        tables.unmerged.pop(agent, None)
        return Departure(ended=ended)


def _queue(tables: Tables, key: QueueKey, epoch: int, last: int) -> QueueRow:
    queue = tables.queues.setdefault(key, QueueRow(made=len(tables.queues), key=key, epoch=epoch))
    queue.last_sequence = max(queue.last_sequence, last)
    return queue


def _insert(tables: Tables, agent: str, execution: Execution, *, event: int) -> int:
    free = execution.number > tables.unmerged[agent].numbers and execution.number not in tables.executions
    number = execution.number if free else tables.numbers + 1
    tables.numbers = max(tables.numbers, number)
    tables.numbers_by_id[execution.new.id] = number
    tables.numbers_by_event.setdefault(event, []).append(number)
    tables.sizes[number] = stored_bytes(encode(execution.new.input))
    _queue(tables, execution.queue, execution.epoch, execution.sequence)
    new = replace(execution.new, event=event)
    tables.put(replace(execution, new=new, number=number, state=State.QUEUED, handed=False, attempt=0))
    return number


def _leave_queue(tables: Tables, execution: Execution) -> None:
    if execution.sequence and (queue := tables.queues.get(execution.queue)):
        for members in (queue.unsettled, queue.waiting, queue.unstarted):
            members.pop(execution.number, None)
