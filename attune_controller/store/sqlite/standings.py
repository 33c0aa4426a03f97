"""What stands before an execution in its queue, on SQLite.

Part of SqliteStore. There is no index for this: it would cost each execution two writes. What waits has one by its queue; what is in an
agent's hand is looked for among all that is, which windows bound.
"""

from functools import partial
from typing import LiteralString, cast

import apsw

from attune_controller.store.records import QueueKey, Standing
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.execution_rows import SELECT, execution_of
from attune_controller.store.sqlite.statements import row_of, rows_of

_QUEUE: LiteralString = "SELECT id, unsettled FROM queues WHERE place = ? AND action = ? AND key = ?"
_BEFORE: LiteralString = """
SELECT number, sequence FROM executions WHERE queue = ?1 AND sequence < ?2 AND state = 'queued' AND handed = 0
UNION ALL SELECT number, sequence FROM executions WHERE queue = ?1 AND sequence < ?2 AND state = 'queued' AND handed = 1
UNION ALL SELECT number, sequence FROM executions
WHERE state != 'settled' AND state IN ('assigned', 'preparing', 'started') AND queue = ?1 AND sequence < ?2
"""
_COUNT: LiteralString = "SELECT count(*) FROM (" + _BEFORE + ")"
_FIRST: LiteralString = SELECT + "JOIN (" + _BEFORE + "ORDER BY sequence LIMIT ?3) b USING (number) ORDER BY e.sequence"


class SqliteStandings(Connected):
    """See port.Standings."""

    async def standing(self, queue: QueueKey, *, sequence: int, limit: int) -> Standing:
        """See the port."""
        return await self._read(partial(_standing, queue=queue, sequence=sequence, limit=limit))


def _standing(connection: apsw.Connection, queue: QueueKey, sequence: int, limit: int) -> Standing:
    row = cast("tuple[int, int] | None", row_of(connection, _QUEUE, queue.place, queue.action, queue.key))
    if row is None:
        return Standing()
    (ahead,) = cast("tuple[int]", row_of(connection, _COUNT, row[0], sequence))
    before = [execution_of(values) for values in rows_of(connection, _FIRST, row[0], sequence, limit)]
    return Standing(depth=row[1], ahead=ahead, before=before)
