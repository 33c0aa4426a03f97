"""What stands before an execution in its queue, on SQLite.

Part of SqliteStore.
"""

from functools import partial
from typing import LiteralString, cast

import apsw

from attune_controller.store.records.executions import QueueKey
from attune_controller.store.records.queues import Standing
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.execution_rows import SELECT, execution_of
from attune_controller.store.sqlite.statements import row_of, rows_of

_QUEUE: LiteralString = "SELECT id, unsettled FROM queues WHERE place = ? AND action = ? AND key = ?"
_BEFORE: LiteralString = """
SELECT number, count(*) OVER () FROM executions
WHERE queue = ? AND state != 'settled' AND ready_at = 0 AND sequence < ? ORDER BY sequence LIMIT ?
"""


class SqliteStandings(Connected):
    """See port.Standings."""

    async def standing(self, queue: QueueKey, *, sequence: int, limit: int) -> Standing:
        """See the port."""
        return await self._read(partial(_standing, queue=queue, sequence=sequence, limit=limit))


def _standing(connection: apsw.Connection, queue: QueueKey, sequence: int, limit: int) -> Standing:
    row = cast("tuple[int, int] | None", row_of(connection, _QUEUE, queue.place, queue.action, queue.key))
    if row is None:
        return Standing()
    found = cast("list[tuple[int, int]]", rows_of(connection, _BEFORE, row[0], sequence, limit))
    before = [execution_of(values) for number, _ in found if (values := row_of(connection, SELECT + "WHERE e.number = ?", number))]
    return Standing(depth=row[1], ahead=found[0][1] if found else 0, before=before)
