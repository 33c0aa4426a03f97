"""SqliteStore: the whole port on one folder, and the way to open it.

Opened by the controller's composition root, closed last of all.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import LiteralString

from attune_controller.bounds import Bound
from attune_controller.store.errors import StoreFailed
from attune_controller.store.sqlite.agents import SqliteAgents
from attune_controller.store.sqlite.backlog import SqliteBacklog
from attune_controller.store.sqlite.conditions import SqliteConditions
from attune_controller.store.sqlite.connection_thread import WAITING
from attune_controller.store.sqlite.credentials import SqliteCredentials
from attune_controller.store.sqlite.events import SqliteEvents
from attune_controller.store.sqlite.executions import SqliteExecutions
from attune_controller.store.sqlite.folder import check_identities
from attune_controller.store.sqlite.groups import SqliteGroups
from attune_controller.store.sqlite.history import SqliteHistories
from attune_controller.store.sqlite.merging import SqliteMerges
from attune_controller.store.sqlite.migrations import MIGRATIONS
from attune_controller.store.sqlite.opening import open_parts
from attune_controller.store.sqlite.pruning import SqlitePruning
from attune_controller.store.sqlite.queues import SqliteQueues
from attune_controller.store.sqlite.sensors import SqliteSeats
from attune_controller.store.sqlite.standings import SqliteStandings
from attune_controller.store.sqlite.syncs import SqliteSyncs
from attune_controller.store.sqlite.timers import SqliteTimers
from attune_core.ports import Random, SystemRandom


class SqliteStore(
    SqliteEvents,
    SqliteGroups,
    SqliteExecutions,
    SqliteHistories,
    SqliteQueues,
    SqliteStandings,
    SqliteBacklog,
    SqliteAgents,
    SqliteConditions,
    SqliteCredentials,
    SqliteSeats,
    SqliteSyncs,
    SqliteTimers,
    SqlitePruning,
    SqliteMerges,
):
    """A store that keeps what it answered through any crash."""

    @property
    def incarnation(self) -> str:
        """See the port."""
        return self._parts.incarnation

    @property
    def alarm(self) -> str:
        """See the port."""
        return "the disk of the store is full: nothing new is accepted until there is space" if self._parts.reserve.given_up else ""

    def bounds(self) -> Sequence[Bound]:
        """See the port."""
        threads = {"store_writes": self._parts.writer, "store_reads": self._parts.reader}
        return [Bound(name=name, depth=thread.waiting, limit=WAITING) for name, thread in threads.items()]

    async def look_after(self) -> None:
        """See the port."""
        for thread in (self._parts.writer, self._parts.reader):
            if thread.refusal is not None:
                raise type(thread.refusal)(thread.refusal.message)
        try:
            await asyncio.to_thread(self._look_at_disk)
        except OSError as error:
            raise StoreFailed(f"cannot look at the disk of the store: {error.strerror}") from error

    def _look_at_disk(self) -> None:
        check_identities(self._parts.files)
        self._parts.reserve.take()

    async def close(self) -> None:
        """See the port."""
        await self._parts.reader.close()
        await self._parts.writer.close()
        self._parts.release()


async def open_sqlite_store(
    folder: Path, *, random: Random | None = None, vfs: str | None = None, steps: Sequence[LiteralString] = MIGRATIONS
) -> SqliteStore:
    """Open the store in a folder, which is made (0700) when it is missing; `random` gives a new store its incarnation.

    Refused with `StoreLocked`, `UnknownFormat`, `StoreTooNew`, `SqliteTooOld`, `StoreDamaged`, `StoreFull` or `StoreFailed`, and then
    nothing is held or half made. `vfs` and `steps` are for tests: another file layer of SQLite, other migrations.
    """
    incarnation = (random or SystemRandom()).bytes(16).hex()
    return SqliteStore(await asyncio.to_thread(open_parts, folder, incarnation, vfs, steps))
