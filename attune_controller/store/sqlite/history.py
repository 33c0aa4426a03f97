"""The history of executions on SQLite: the steps that the schema's triggers wrote, in order.

Part of SqliteStore; read for `attune verify order`.
"""

from collections.abc import Sequence
from functools import partial
from typing import LiteralString, cast

import apsw

from attune_controller.store.records.executions import QueueKey, Step
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.statements import Row, rows_of
from attune_core.states import Outcome, State

_PAGE: LiteralString = """
SELECT h.n, h.number, e.id, e.event, q.place, q.action, q.key, h.epoch, h.sequence, h.state, h.attempt, h.outcome, e.late
FROM history h JOIN executions e USING (number) LEFT JOIN queues q ON q.id = h.queue WHERE h.n > ? ORDER BY h.n LIMIT ?
"""


class SqliteHistories(Connected):
    """See port.Histories."""

    async def history(self, *, after: int, limit: int) -> Sequence[Step]:
        """See the port."""
        return await self._read(partial(_history, after=after, limit=limit))


def _history(connection: apsw.Connection, after: int, limit: int) -> list[Step]:
    return [_step_of(row) for row in rows_of(connection, _PAGE, after, limit)]


def _step_of(row: Row) -> Step:
    n, number, execution, event, place, action, key, epoch, sequence, state, attempt, outcome, late = cast(
        "tuple[int, int, str, int, str | None, str, str, int, int, str, int, str | None, int]", row
    )
    return Step(
        n=n,
        number=number,
        execution=execution,
        event=event,
        queue=None if place is None else QueueKey(place=place, action=action, key=key),
        epoch=epoch,
        sequence=sequence,
        state=State(state),
        attempt=attempt,
        outcome=Outcome(outcome) if outcome else None,
        late=bool(late),
    )
