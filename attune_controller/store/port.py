"""Store: the port behind which the controller remembers; one of the five of design §4.

Implemented by store/sqlite (production) and store/memory (simulation), held to one contract suite. Every method that writes returns
after the write is durable (fsync) and is atomic; writes of concurrent callers may share one commit. Its methods stand in ports/, by noun.
"""

from collections.abc import Sequence
from typing import Protocol

from attune_controller.bounds import Bound
from attune_controller.store.backlog import Backlog, Holds, Returns
from attune_controller.store.ports.agents import Agents, Credentials
from attune_controller.store.ports.conditions import Conditions, DeadLetters
from attune_controller.store.ports.events import Events
from attune_controller.store.ports.executions import Executions, Histories
from attune_controller.store.ports.groups import Groups
from attune_controller.store.ports.queues import Queues, Standings
from attune_controller.store.ports.sensors import Seats
from attune_controller.store.ports.timers import Timers
from attune_controller.store.ports.upkeep import Merges, Pruning, Syncs


class Store(
    Events,
    Groups,
    Executions,
    Histories,
    Queues,
    Standings,
    Returns,
    Holds,
    Backlog,
    Agents,
    Credentials,
    Syncs,
    Timers,
    Seats,
    Pruning,
    Merges,
    Conditions,
    DeadLetters,
    Protocol,
):
    """All of it."""

    @property
    def incarnation(self) -> str:
        """The identity of this store's life; a restored backup gets a new one."""
        ...

    @property
    def alarm(self) -> str:
        """What a person must see to, because it keeps new work out; empty: nothing."""
        ...

    def bounds(self) -> Sequence[Bound]:
        """Say how many requests wait."""
        ...

    async def look_after(self) -> None:
        """See, now and then, whether the disk has room again, and whether the files are still there.

        The error that ended all writing or reading, or `StoreReplaced`: the controller must end with it.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of the files; afterwards every method raises `StoreClosed`."""
        ...
