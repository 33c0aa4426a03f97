"""Where reconcile stands, in memory.

Part of MemoryStore.
"""

from attune_controller.store.memory.opened import Opened
from attune_controller.store.records.standing import Sync


class MemorySyncs(Opened):
    """See port.Syncs."""

    async def sync(self) -> Sync:
        """See the port."""
        return self.tables.sync

    async def record_sync(self, sync: Sync) -> None:
        """See the port."""
        self.tables.sync = sync
