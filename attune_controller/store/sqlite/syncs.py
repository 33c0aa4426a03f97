"""Where reconcile stands, on SQLite: one row.

Part of SqliteStore; called once per pass of reconcile and by the status.
"""

from typing import LiteralString, NamedTuple, cast

import apsw

from attune_controller.store.encoding import decode, encode
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.standing import Sync
from attune_controller.store.sqlite.accepting import accept
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.event_rows import values_of
from attune_controller.store.sqlite.statements import execute, row_of
from attune_core.values import JsonObject

_READ: LiteralString = """
SELECT active_revision, activated_at, observed_revision, observed_at, step, code, message, problems FROM syncs
"""
_REPLACE: LiteralString = """
INSERT OR REPLACE INTO syncs (one, active_revision, activated_at, observed_revision, observed_at, step, code, message, problems)
VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class _SyncRow(NamedTuple):
    active_revision: str
    activated_at: float
    observed_revision: str
    observed_at: float
    step: str
    code: str
    message: str
    problems: str


class SqliteSyncs(Connected):
    """See port.Syncs."""

    async def sync(self) -> Sync:
        """See the port."""
        found = await self._read(lambda connection: row_of(connection, _READ))
        if found is None:
            return Sync()
        row = _SyncRow._make(found)
        problems = tuple(cast("list[JsonObject]", decode(row.problems)))
        return Sync(**{**row._asdict(), "problems": problems})

    async def record_sync(self, sync: Sync, event: NewEvent | None = None) -> None:
        """See the port."""
        problems = encode([dict(problem) for problem in sync.problems])
        active = (sync.active_revision, sync.activated_at)
        observed = (sync.observed_revision, sync.observed_at, sync.step, sync.code, sync.message)

        def record(connection: apsw.Connection) -> None:
            execute(connection, _REPLACE, *active, *observed, problems)
            if event is not None:
                accept(connection, event, values_of(event))

        await self._write(record)
