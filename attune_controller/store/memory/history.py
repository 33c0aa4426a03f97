"""The history of executions in memory: the steps that `Tables.put` wrote, in order.

Part of MemoryStore.
"""

from collections.abc import Sequence
from itertools import islice

from attune_controller.store.memory.opened import Opened
from attune_controller.store.records.executions import Step


class MemoryHistories(Opened):
    """See port.Histories."""

    async def history(self, *, after: int, limit: int) -> Sequence[Step]:
        """See the port."""
        return list(islice((step for step in self.tables.steps if step.n > after), limit))
