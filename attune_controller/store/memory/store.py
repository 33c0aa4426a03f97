"""MemoryStore: the whole port in one object.

Made by simulations and tests where the controller's composition root would open store/sqlite.
"""

from attune_controller.bounds import Bound
from attune_controller.store.memory.agents import MemoryAgents
from attune_controller.store.memory.backlog import MemoryBacklog
from attune_controller.store.memory.conditions import MemoryConditions
from attune_controller.store.memory.credentials import MemoryCredentials
from attune_controller.store.memory.events import MemoryEvents
from attune_controller.store.memory.executions import MemoryExecutions
from attune_controller.store.memory.groups import MemoryGroups
from attune_controller.store.memory.history import MemoryHistories
from attune_controller.store.memory.merging import MemoryMerges
from attune_controller.store.memory.pruning import MemoryPruning
from attune_controller.store.memory.queues import MemoryQueues
from attune_controller.store.memory.sensors import MemorySeats
from attune_controller.store.memory.standings import MemoryStandings
from attune_controller.store.memory.syncs import MemorySyncs
from attune_controller.store.memory.timers import MemoryTimers


class MemoryStore(
    MemoryEvents,
    MemoryGroups,
    MemoryExecutions,
    MemoryHistories,
    MemoryQueues,
    MemoryStandings,
    MemoryBacklog,
    MemoryAgents,
    MemoryConditions,
    MemoryCredentials,
    MemorySeats,
    MemorySyncs,
    MemoryTimers,
    MemoryPruning,
    MemoryMerges,
):
    """A store that forgets everything when it is closed; nothing in it waits, so each call is atomic."""

    def __init__(self, incarnation: str = "memory") -> None:
        """Begin empty, under this identity."""
        super().__init__()
        self.tables.incarnation = incarnation

    @property
    def incarnation(self) -> str:
        """See the port."""
        return self.tables.incarnation

    @property
    def alarm(self) -> str:
        """See the port."""
        return ""

    def bounds(self) -> tuple[Bound, ...]:
        """See the port: nothing waits."""
        return ()

    async def look_after(self) -> None:
        """See the port: there is no disk."""
