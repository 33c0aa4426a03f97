"""A store that came out of a backup, and what agents know that it does not: taken over as rows, and then the places beyond all of that.

Part of SqliteStore; called by the controller's `merging`. What an agent holds keeps its place. What waits here goes into the next epoch of
its queue, so no place that the lost time gave is given again, and the agent's own chain of `after` begins anew.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import LiteralString, cast

import apsw

from attune_controller.store.encoding import stored_bytes
from attune_controller.store.records.agents import Departure, Held, Unmerged
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import End, Execution, QueueKey
from attune_controller.store.sqlite.accepting import accept
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.event_rows import values_of
from attune_controller.store.sqlite.execution_rows import INSERT_EXECUTION, INSERT_REQUEST, execution_values, request_values
from attune_controller.store.sqlite.leaving import unsettled_of
from attune_controller.store.sqlite.moves import prepare, store_move
from attune_controller.store.sqlite.statements import LARGEST, Values, execute, execute_each, row_of, rows_of
from attune_controller.store.transitions import after_move, is_unacknowledged
from attune_core.states import State

_BEGIN: LiteralString = """
INSERT OR REPLACE INTO merges (agent, instance, numbers)
SELECT name, instance, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'executions'), 0) FROM agents
"""
_ROW_OF_QUEUE: LiteralString = """
INSERT INTO queues (place, action, key, epoch, last_sequence) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (place, action, key) DO UPDATE SET last_sequence = max(last_sequence, excluded.last_sequence) RETURNING id, epoch
"""
_RAISE: LiteralString = """
INSERT INTO queues (place, action, key, epoch, last_sequence) VALUES (?, ?, ?, ? + 1, ?)
ON CONFLICT (place, action, key) DO UPDATE SET
epoch = max(epoch, excluded.epoch), last_sequence = max(last_sequence, excluded.last_sequence), last_handed = 0 RETURNING id, epoch
"""
# In a queue of the fleet, what waits for agents that have not said yet what they hold keeps its epoch: theirs is compared with it.
_FOLLOWING: LiteralString = """
SELECT number FROM executions WHERE queue = ? AND state != 'settled' AND state = 'queued' AND handed = 0 AND ready_at = 0
AND agent NOT IN (SELECT agent FROM merges WHERE agent != ?) ORDER BY sequence
"""
_CHAIN_ANEW: LiteralString = "UPDATE queues SET last_handed = 0 WHERE id = (SELECT queue FROM executions WHERE number = ?)"
_IS_FREE: LiteralString = """
SELECT 1 WHERE ? > (SELECT numbers FROM merges WHERE agent = ?) AND NOT EXISTS (SELECT 1 FROM executions WHERE number = ?)
"""
_INSERT: LiteralString = INSERT_EXECUTION.replace("(\nid,", "(\nnumber, id,").replace("VALUES (", "VALUES (?, ")
_PLACE: LiteralString = "UPDATE executions SET agent = ?, queue = ?, epoch = ?, sequence = ? WHERE number = ?"
_HOLD: LiteralString = "UPDATE executions SET state = ?, handed = 1, attempt = ?, ready_at = 0 WHERE number = ?"
# It may have been handed over after the backup was made: its report is to be believed, and it must not be handed over again.
_REPORTED: LiteralString = """
UPDATE executions SET state = iif(state = 'queued', 'assigned', state), handed = 1, ready_at = 0 WHERE number = ?
"""


class SqliteMerges(Connected):
    """See port.Merges."""

    async def restored(self, incarnation: str) -> None:
        """See the port."""
        await self._write(partial(_begin, incarnation=incarnation))
        self._parts.incarnation = incarnation

    async def unmerged(self) -> Mapping[str, Unmerged]:
        """See the port."""
        rows = await self._read(lambda connection: rows_of(connection, "SELECT agent, instance, numbers FROM merges ORDER BY agent"))
        found = cast("list[tuple[str, str, int]]", rows)
        return {agent: Unmerged(instance=instance, numbers=numbers) for agent, instance, numbers in found}

    async def take_over(self, agent: str, held: Sequence[Execution], event: NewEvent) -> None:
        """See the port."""
        rows = [(execution, request_values(execution.new)) for execution in held]
        await self._write(partial(_take_over, agent=agent, held=rows, event=event, values=values_of(event)))

    async def merge(self, agent: str, known: Sequence[Held], end: End, *, theirs: Collection[str] = ()) -> Departure:
        """See the port."""
        return await self._write(partial(_merge, agent=agent, known=known, end=end, theirs=theirs))


def _begin(connection: apsw.Connection, incarnation: str) -> None:
    execute(connection, "UPDATE identity SET incarnation = ?", incarnation)
    execute(connection, _BEGIN)


def _take_over(
    connection: apsw.Connection, *, agent: str, held: Sequence[tuple[Execution, Values]], event: NewEvent, values: Values
) -> None:
    for execution, request in held:
        row = row_of(connection, "SELECT number, state FROM executions WHERE id = ?", execution.new.id)
        if row is None:
            number = _insert(connection, agent, execution, request, event=accept(connection, event, values).position)
        elif row[1] == State.SETTLED:
            continue
        else:
            number = cast("int", row[0])
        queue = _queue(connection, _ROW_OF_QUEUE, execution.queue, execution.epoch, execution.sequence)[0]
        execute(connection, _PLACE, agent, queue, execution.epoch, execution.sequence, number)
        execute(connection, _HOLD, execution.state, execution.attempt, number)


def _insert(connection: apsw.Connection, agent: str, execution: Execution, request: Values, *, event: int) -> int:
    """Make the row of an execution that is not known here, waiting at its place; under its number, if nobody else has got that since."""
    number = execution.number if row_of(connection, _IS_FREE, execution.number, agent, execution.number) else None
    queue = _queue(connection, _ROW_OF_QUEUE, execution.queue, execution.epoch, execution.sequence)[0]
    of_execution = list(execution_values(execution, queue, stored_bytes(cast("str", request[-1]))))
    of_execution[1], of_execution[7] = event, State.QUEUED
    execute(connection, _INSERT, number, *of_execution)
    number = connection.last_insert_rowid()
    execute(connection, INSERT_REQUEST, number, *request)
    return number


def _merge(connection: apsw.Connection, agent: str, known: Sequence[Held], end: End, theirs: Collection[str]) -> Departure:
    lasts = {(claim.queue, claim.epoch): claim.last for claim in known}
    ended = 0
    for execution in unsettled_of(connection, agent):
        move = end(execution)
        if move is not None and (after := after_move(execution, move)):
            store_move(connection, after, prepare(move))
            ended += 1
        elif execution.new.id in theirs:
            execute(connection, _REPORTED, execution.number)
        elif is_unacknowledged(execution) and execution.sequence > lasts.get((execution.queue, execution.epoch), 0):
            execute(connection, "UPDATE executions SET handed = 0 WHERE number = ?", execution.number)  # it never got there
            execute(connection, _CHAIN_ANEW, execution.number)
    for claim in known:
        queue, before = _queue(connection, _ROW_OF_QUEUE, claim.queue, 0, claim.last)
        _, epoch = _queue(connection, _RAISE, claim.queue, claim.epoch, claim.last)
        # One by one: an UPDATE of all takes the rows by number, and the history would have the places in another order.
        following: list[Values] = [(epoch, cast("int", row[0])) for row in rows_of(connection, _FOLLOWING, queue, agent)]
        execute_each(connection, "UPDATE executions SET epoch = ? WHERE number = ?", following)
        if epoch != before:  # of the fleet: every agent's chain begins anew
            execute(connection, "DELETE FROM chains WHERE queue = ?", queue)
    execute(connection, "DELETE FROM chains WHERE agent = ?", agent)
    execute(connection, "DELETE FROM merges WHERE agent = ?", agent)
    return Departure(ended=ended)


def _queue(connection: apsw.Connection, sql: LiteralString, queue: QueueKey, epoch: int, last: int) -> tuple[int, ...]:
    return cast(
        "tuple[int, ...]", row_of(connection, sql, queue.place, queue.action, queue.key, min(epoch, LARGEST - 1), min(last, LARGEST))
    )
