"""What waits, in memory: other places at the tail, paused queues, and what operators see of queues.

Part of MemoryStore; the rules are those of transitions.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from attune_controller.store.memory.events import accept
from attune_controller.store.memory.opened import Opened
from attune_controller.store.memory.tables import QueueRow, Tables
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import Execution, QueueKey
from attune_controller.store.records.queues import Hold, QueuePage, QueueState
from attune_controller.store.records.standing import Filter
from attune_controller.store.transitions import check_requeue, placed_again
from attune_core.states import State


class MemoryBacklog(Opened):
    """See backlog.Returns, Holds and Backlog."""

    async def request_requeue(self, execution: str) -> Execution:
        """See the port."""
        found = self.tables.by_id(execution)
        check_requeue(found)
        if found.handed:
            found = replace(found, requeuing=True)
            self.tables.put(found)
            return found
        return found if found.ready_at else _place_again(self.tables, found)

    async def asked_back(self, agent: str) -> Sequence[Execution]:
        """See the port."""
        return [one for one in self._unsettled() if one.requeuing and one.agent == agent]

    async def next_ready(self, *, beyond: float = math.inf) -> float | None:
        """See the port."""
        return min((one.ready_at if one.ready_at <= beyond else 0.0 for one in self._returning()), default=None)

    async def place_ready(self, *, until: float, limit: int, beyond: float = math.inf) -> Sequence[Execution]:
        """See the port."""
        ready = [one for one in self._returning() if one.ready_at <= until or one.ready_at > beyond]
        return [_place_again(self.tables, one) for one in ready[:limit]]

    async def queue_holds(self) -> Sequence[Hold]:
        """See the port."""
        return [self.tables.holds[key] for key in sorted(self.tables.holds, key=lambda key: (key[0], key[1] or ""))]

    async def put_hold(self, hold: Hold, event: NewEvent) -> None:
        """See the port."""
        self.tables.holds[hold.action, hold.key] = hold
        accept(self.tables, event)

    async def lift_hold(self, action: str, key: str | None, event: NewEvent) -> None:
        """See the port."""
        self.tables.holds.pop((action, key), None)
        accept(self.tables, event)

    async def queue_state(self, queue: QueueKey) -> QueueState | None:
        """See the port."""
        row = self.tables.queues.get(queue)
        return self._state(row) if row and row.unsettled else None

    async def queue_states(self, *, after: int, limit: int, place: Filter = None, action: Filter = None) -> Sequence[QueueState]:
        """See the port."""
        ordered = sorted(self.tables.queues.values(), key=_order)
        behind = next((_order(row) for row in ordered if row.made + 1 == after), None)
        found = [
            row
            for row in ordered
            if row.unsettled
            and (behind is None or _order(row) > behind)
            and place in {None, row.key.place}
            and action in {None, row.key.action}
        ]
        return [self._state(row) for row in found[:limit]]

    async def deepest_queues(self, *, limit: int) -> Sequence[QueueState]:
        """See the port."""
        rows = sorted(self.tables.queues.values(), key=lambda row: (-len(row.unsettled), row.made))
        return [self._state(row) for row in rows[:limit] if row.unsettled]

    async def queue_page(self, queue: QueueKey, *, after: int, limit: int) -> QueuePage:
        """See the port."""
        standing = self._standing(self.tables.queues.get(queue))
        behind = [one for one in standing if one.sequence > after]
        return QueuePage(before=len(standing) - len(behind), executions=behind[:limit])

    async def returning(self, queue: QueueKey, *, limit: int) -> Sequence[Execution]:
        """See the port."""
        return [one for one in self._returning() if one.queue == queue][:limit]

    async def oldest_unhanded(self, actions: Sequence[str]) -> Mapping[str, float]:
        """See the port."""
        found = {action: [one.new.accepted_at for one in self._unhanded(action)] for action in actions}
        return {action: min(times) for action, times in found.items() if times}

    async def unhanded(self, action: str, *, until: float, limit: int) -> Sequence[Execution]:
        """See the port."""
        found = [one for one in self._unhanded(action) if one.new.accepted_at <= until]
        return sorted(found, key=lambda one: (one.new.accepted_at, one.number))[:limit]

    def _state(self, row: QueueRow) -> QueueState:
        standing = self._standing(row)
        return QueueState(
            id=row.made + 1,
            queue=row.key,
            epoch=row.epoch,
            waiting=len(row.waiting),
            unstarted=len(row.unstarted),
            unsettled=len(row.unsettled),
            returning=len(row.unsettled) - len(standing),
            head=standing[0] if standing else None,
        )

    def _standing(self, row: QueueRow | None) -> list[Execution]:
        found = [self.tables.executions[number] for number in (row.unsettled if row else ())]
        return sorted((one for one in found if not one.ready_at), key=lambda one: one.sequence)

    def _unsettled(self) -> list[Execution]:
        return [one for one in self.tables.executions.values() if one.state is not State.SETTLED]

    def _returning(self) -> list[Execution]:
        return sorted((one for one in self._unsettled() if one.ready_at), key=lambda one: (one.ready_at, one.number))

    def _unhanded(self, action: str) -> list[Execution]:
        return [one for one in self._unsettled() if one.new.action == action and not one.handed and not one.attempt]


def _order(row: QueueRow) -> tuple[str, str, str]:
    return row.key.action, row.key.key, row.key.place


def _place_again(tables: Tables, execution: Execution) -> Execution:
    epoch, sequence = tables.next_place(execution.queue)
    execution = placed_again(execution, epoch=epoch, sequence=sequence)
    tables.put(execution)
    return execution
