"""Where reconcile stands, in memory.

Part of MemoryStore.
"""

from attune_controller.store.memory.events import accept
from attune_controller.store.memory.opened import Opened
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.standing import Sync


class MemorySyncs(Opened):
    """See port.Syncs."""

    async def sync(self) -> Sync:
        """See the port."""
        return self.tables.sync

    async def record_sync(self, sync: Sync, event: NewEvent | None = None) -> None:
        """See the port."""
        self.tables.sync = sync
        if event is not None:
            accept(self.tables, event)
