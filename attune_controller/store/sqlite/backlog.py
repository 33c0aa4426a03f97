"""What waits, on SQLite: other places at the tail, paused queues, and what operators see of queues.

Part of SqliteStore; moves.py changes executions, the counters of a queue's row are kept by the schema's triggers.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import LiteralString, NamedTuple, cast

import apsw

from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import Execution, QueueKey
from attune_controller.store.records.queues import Hold, QueuePage, QueueState
from attune_controller.store.records.standing import Filter
from attune_controller.store.sqlite.accepting import accept
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.event_rows import values_of
from attune_controller.store.sqlite.execution_rows import SELECT, execution_of
from attune_controller.store.sqlite.moves import place_ready, request_requeue
from attune_controller.store.sqlite.statements import Value, Values, execute, row_of, rows_of
from attune_core.marks import Mark

_ASKED_BACK: LiteralString = SELECT + "WHERE e.requeuing = 1 AND e.agent = ? ORDER BY e.number"
_FIRST_READY: LiteralString = "SELECT min(ready_at) FROM executions WHERE ready_at > 0 AND state = 'queued'"
_LAST_READY: LiteralString = "SELECT max(ready_at) FROM executions WHERE ready_at > 0 AND state = 'queued'"
_NEXT_READY: LiteralString = "SELECT iif((" + _LAST_READY + ") > ?, 0.0, (" + _FIRST_READY + "))"
_HOLDS: LiteralString = "SELECT action, key, note, operator, since FROM queue_holds ORDER BY action, key"
_PUT_HOLD: LiteralString = "INSERT OR REPLACE INTO queue_holds (action, key, note, operator, since) VALUES (?, ?, ?, ?, ?)"
_LIFT_HOLD: LiteralString = "DELETE FROM queue_holds WHERE action = ? AND key = ?"
_QUEUES: LiteralString = "SELECT id, place, action, key, epoch, waiting, unstarted, unsettled"
# Not by the rows of all keys that there ever were.
_DEEPEST: LiteralString = _QUEUES + " FROM queues INDEXED BY queues_holding WHERE unsettled > 0 ORDER BY unsettled DESC, id LIMIT ?"
_RETURNING: LiteralString = "SELECT queue, count(*) FROM executions WHERE ready_at > 0 AND state = 'queued' GROUP BY queue"
_EXECUTIONS: LiteralString = " FROM executions e "
_STANDING: LiteralString = "WHERE e.queue = ? AND e.state != 'settled' AND e.ready_at = 0 "
_BEFORE: LiteralString = "SELECT count(*)" + _EXECUTIONS + _STANDING + "AND e.sequence <= ?"
_READY_NEXT: LiteralString = SELECT + "WHERE e.ready_at > 0 AND e.state = 'queued' AND e.queue = ? ORDER BY e.ready_at, e.number LIMIT ?"
_UNHANDED: LiteralString = "WHERE e.action = ? AND e.handed = 0 AND e.attempt = 0 AND e.state != 'settled' "
_IDENTITY: LiteralString = " FROM queues WHERE place = ? AND action = ? AND key = ?"


class _QueueRow(NamedTuple):
    id: int
    place: str
    action: str
    key: str
    epoch: int
    waiting: int
    unstarted: int
    unsettled: int


class SqliteBacklog(Connected):
    """See backlog.Returns, Holds and Backlog."""

    async def request_requeue(self, execution: str) -> Execution:
        """See the port."""
        return await self._write(partial(request_requeue, execution=execution))

    async def asked_back(self, agent: str) -> Sequence[Execution]:
        """See the port."""
        return [execution_of(row) for row in await self._read(lambda connection: rows_of(connection, _ASKED_BACK, agent))]

    async def next_ready(self, *, beyond: float = math.inf) -> float | None:
        """See the port."""
        row = await self._read(lambda connection: row_of(connection, _NEXT_READY, beyond))
        return cast("tuple[float | None]", row)[0]

    async def place_ready(self, *, until: float, limit: int, beyond: float = math.inf) -> Sequence[Execution]:
        """See the port."""
        return await self._write(partial(place_ready, until=until, beyond=beyond, limit=limit))

    async def queue_holds(self) -> Sequence[Hold]:
        """See the port."""
        rows = cast("list[tuple[str, str, str, str, float]]", await self._read(lambda connection: rows_of(connection, _HOLDS)))
        return [Hold(action=action, key=key or None, mark=Mark(note=note, by=by, since=since)) for action, key, note, by, since in rows]

    async def put_hold(self, hold: Hold, event: NewEvent) -> None:
        """See the port."""
        row: Values = (hold.action, hold.key or "", hold.mark.note, hold.mark.by, hold.mark.since)
        await self._write(partial(_change_hold, sql=_PUT_HOLD, row=row, event=event, values=values_of(event)))

    async def lift_hold(self, action: str, key: str | None, event: NewEvent) -> None:
        """See the port."""
        await self._write(partial(_change_hold, sql=_LIFT_HOLD, row=(action, key or ""), event=event, values=values_of(event)))

    async def queue_state(self, queue: QueueKey) -> QueueState | None:
        """See the port."""
        values: list[Value] = [queue.place, queue.action, queue.key]
        found = await self._read(partial(_states, sql=_QUEUES + _IDENTITY + " AND unsettled > 0", values=values))
        return found[0] if found else None

    async def queue_states(self, *, after: int, limit: int, place: Filter = None, action: Filter = None) -> Sequence[QueueState]:
        """See the port."""
        sql: LiteralString = _QUEUES + " FROM queues WHERE unsettled > 0"
        values: list[Value] = []
        if after:
            sql += " AND (action, key, place) > (SELECT action, key, place FROM queues WHERE id = ?)"
            values.append(after)
        if action is not None:
            sql += " AND action = ?"
            values.append(action)
        if place is not None:
            sql += " AND place = ?"
            values.append(place)
        values.append(limit)
        return await self._read(partial(_states, sql=sql + " ORDER BY action, key, place LIMIT ?", values=values))

    async def deepest_queues(self, *, limit: int) -> Sequence[QueueState]:
        """See the port."""
        return await self._read(partial(_states, sql=_DEEPEST, values=[limit]))

    async def queue_page(self, queue: QueueKey, *, after: int, limit: int) -> QueuePage:
        """See the port."""
        return await self._read(partial(_page, queue=queue, after=after, limit=limit))

    async def returning(self, queue: QueueKey, *, limit: int) -> Sequence[Execution]:
        """See the port."""
        return await self._read(partial(_returning, queue=queue, limit=limit))

    async def oldest_unhanded(self, actions: Sequence[str]) -> Mapping[str, float]:
        """See the port."""
        return await self._read(partial(_oldest, actions=actions))

    async def unhanded(self, action: str, *, until: float, limit: int) -> Sequence[Execution]:
        """See the port."""
        sql: LiteralString = SELECT + _UNHANDED + "AND e.accepted_at <= ? ORDER BY e.accepted_at, e.number LIMIT ?"
        return [execution_of(row) for row in await self._read(lambda connection: rows_of(connection, sql, action, until, limit))]


def _change_hold(connection: apsw.Connection, sql: LiteralString, row: Values, event: NewEvent, values: Values) -> None:
    execute(connection, sql, *row)
    accept(connection, event, values)


def _states(connection: apsw.Connection, sql: LiteralString, values: list[Value]) -> list[QueueState]:
    returning = dict(cast("list[tuple[int, int]]", rows_of(connection, _RETURNING)))
    return [
        QueueState(
            id=row.id,
            queue=QueueKey(place=row.place, action=row.action, key=row.key),
            epoch=row.epoch,
            waiting=row.waiting,
            unstarted=row.unstarted,
            unsettled=row.unsettled,
            returning=returning.get(row.id, 0),
            head=next(iter(_standing(connection, row.id, after=0, limit=1)), None),
        )
        for row in map(_QueueRow._make, rows_of(connection, sql, *values))
    ]


def _standing(connection: apsw.Connection, queue: int, *, after: int, limit: int) -> list[Execution]:
    sql: LiteralString = SELECT + _STANDING + "AND e.sequence > ? ORDER BY e.sequence LIMIT ?"
    return [execution_of(row) for row in rows_of(connection, sql, queue, after, limit)]


def _page(connection: apsw.Connection, queue: QueueKey, after: int, limit: int) -> QueuePage:
    if (number := _number_of(connection, queue)) is None:
        return QueuePage(before=0, executions=())
    (before,) = cast("tuple[int]", row_of(connection, _BEFORE, number, after))
    return QueuePage(before=before, executions=_standing(connection, number, after=after, limit=limit))


def _returning(connection: apsw.Connection, queue: QueueKey, limit: int) -> list[Execution]:
    number = _number_of(connection, queue)
    return [] if number is None else [execution_of(row) for row in rows_of(connection, _READY_NEXT, number, limit)]


def _number_of(connection: apsw.Connection, queue: QueueKey) -> int | None:
    row = row_of(connection, "SELECT id" + _IDENTITY, queue.place, queue.action, queue.key)
    return None if row is None else cast("int", row[0])


def _oldest(connection: apsw.Connection, actions: Sequence[str]) -> dict[str, float]:
    sql: LiteralString = "SELECT min(e.accepted_at)" + _EXECUTIONS + _UNHANDED
    found = {action: cast("tuple[float | None]", row_of(connection, sql, action))[0] for action in actions}
    return {action: at for action, at in found.items() if at is not None}
