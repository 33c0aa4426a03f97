"""What stands before an execution in its queue, in memory.

Part of MemoryStore.
"""

from attune_controller.store.memory.opened import Opened
from attune_controller.store.records.executions import QueueKey
from attune_controller.store.records.queues import Standing


class MemoryStandings(Opened):
    """See port.Standings."""

    async def standing(self, queue: QueueKey, *, sequence: int, limit: int) -> Standing:
        """See the port."""
        row = self.tables.queues.get(queue)
        if row is None:
            return Standing()
        unsettled = (self.tables.executions[number] for number in row.unsettled)
        before = [one for one in unsettled if one.sequence < sequence and not one.ready_at]
        before.sort(key=lambda one: one.sequence)
        return Standing(depth=len(row.unsettled), ahead=len(before), before=before[:limit])
