"""Executions on SQLite: pages of them, and what the status and placement ask of all of them.

Part of SqliteStore; moves.py changes them.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import LiteralString, cast

import apsw

from attune_controller.store.encoding import encode
from attune_controller.store.records.agents import Load
from attune_controller.store.records.executions import Execution, Move
from attune_controller.store.records.standing import Counts, Filter
from attune_controller.store.reference import execution_number
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.execution_rows import SELECT, execution_of
from attune_controller.store.sqlite.moves import place, prepare, record_moves, request_cancel
from attune_controller.store.sqlite.statements import LARGEST, Value, row_of, rows_of
from attune_core.states import State

_OF_EVENTS: LiteralString = """
SELECT event, id FROM executions WHERE event IN (SELECT value FROM json_each(?)) ORDER BY number
"""
_WITHOUT_AGENT: LiteralString = (
    SELECT.replace("FROM executions e", "FROM executions e INDEXED BY executions_without_agent")  # not that of one agent's whole history
    + "WHERE e.agent = '' AND e.state != 'settled' AND (e.event, e.number) > (?, ?) ORDER BY e.event, e.number LIMIT ?"
)
_KEYED: LiteralString = "SELECT min(place) FROM queues WHERE unsettled > 0 AND action = ? AND key = ? AND place != '*'"
# One statement, because it is one moment: an execution that is handed over between two would be nowhere.
_LOADS: LiteralString = """
SELECT agent, unsettled, (SELECT coalesce(sum(waiting), 0) FROM queues WHERE place = agent AND waiting > 0)
+ (SELECT count(*) FROM executions WHERE fleet = 1 AND state = 'queued' AND handed = 0 AND executions.agent = loads.agent)
FROM loads WHERE unsettled > 0 AND agent != ''
"""
_COUNTS: LiteralString = """
SELECT (SELECT count(*) FROM unplanned), (SELECT coalesce(sum(unsettled), 0) FROM loads), (SELECT count(*) FROM agents),
(SELECT count(*) FROM plans WHERE status = 'dead_letter' AND dropped_at = 0),
(SELECT count(*) FROM executions WHERE state != 'settled' AND state = 'started'),
(SELECT count(*) FROM queues WHERE unsettled > 0)
"""


class SqliteExecutions(Connected):
    """See port.Executions."""

    async def execution(self, id_or_number: str) -> Execution | None:
        """See the port."""
        return await self._read(partial(_execution, id_or_number=id_or_number))

    async def executions(
        self,
        *,
        before: int | None,
        limit: int,
        state: Filter = None,
        action: Filter = None,
        agent: Filter = None,
        event: int | None = None,
        after: int | None = None,
    ) -> Sequence[Execution]:
        """See the port."""
        sql, values = _page(LARGEST if before is None else before, state, action, agent, event)
        if after is None:
            return await self._read(partial(_executions, sql=sql + " ORDER BY e.number DESC LIMIT ?", values=(*values, limit)))
        sql += " AND e.number > ? ORDER BY e.number LIMIT ?"
        return await self._read(partial(_executions, sql=sql, values=(*values, after, limit)))

    async def executions_of_events(self, positions: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """See the port."""
        return await self._read(partial(_of_events, positions=positions))

    async def waiting_for_agent(self, *, limit: int, after: tuple[int, int] = (0, 0)) -> Sequence[Execution]:
        """See the port."""
        return await self._read(partial(_executions, sql=_WITHOUT_AGENT, values=(*after, limit)))

    async def place(self, execution: str, agent: str) -> Execution:
        """See the port."""
        return await self._write(partial(place, execution=execution, agent=agent))

    async def record_moves(self, moves: Sequence[Move]) -> Sequence[Execution]:
        """See the port."""
        return await self._write(partial(record_moves, moves=[prepare(move) for move in moves]))

    async def request_cancel(self, execution: str, move: Move) -> Execution:
        """See the port."""
        return await self._write(partial(request_cancel, execution=execution, prepared=prepare(move)))

    async def unsettled_load(self) -> Mapping[str, int]:
        """See the port."""
        return await self._read(_load)

    async def loads(self) -> Mapping[str, Load]:
        """See the port."""
        return await self._read(_loads)

    async def keyed_agents(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """See the port."""
        return await self._read(partial(_keyed, keys=keys))

    async def counts(self) -> Counts:
        """See the port."""
        return await self._read(_counts)


def _page(before: int, state: str | None, action: str | None, agent: str | None, event: int | None) -> tuple[LiteralString, list[Value]]:
    """Return the query and its values; `unsettled` and `settled` have indexes of their own, which the literal words let SQLite use."""
    sql: LiteralString = SELECT + "WHERE e.number < ?"
    values: list[Value] = [before]
    if state == State.SETTLED:
        sql += " AND e.outcome IS NOT NULL"
    elif state is not None:
        unsettled = state in tuple(State)
        sql += " AND e.state != 'settled' AND e.state = ?" if unsettled else " AND e.outcome IS NOT NULL AND e.outcome = ?"
        values.append(state)
    if action is not None:
        sql += " AND e.action = ?"
        values.append(action)
    if agent is not None:
        sql += " AND e.agent = ?"
        values.append(agent)
    if event is not None:
        sql += " AND e.event = ?"
        values.append(event)
    return sql, values


def _executions(connection: apsw.Connection, sql: LiteralString, values: tuple[Value, ...]) -> list[Execution]:
    return [execution_of(row) for row in rows_of(connection, sql, *values)]


def _execution(connection: apsw.Connection, id_or_number: str) -> Execution | None:
    row = row_of(connection, SELECT + "WHERE e.id = ?", id_or_number)
    if row is None and (number := execution_number(id_or_number)) is not None:
        row = row_of(connection, SELECT + "WHERE e.number = ?", number)
    return execution_of(row) if row else None


def _of_events(connection: apsw.Connection, positions: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {position: [] for position in positions}
    for event, execution in cast("list[tuple[int, str]]", rows_of(connection, _OF_EVENTS, encode(list(positions)))):
        found[event].append(execution)
    return found


def _load(connection: apsw.Connection) -> dict[str, int]:
    return dict(
        cast("list[tuple[str, int]]", rows_of(connection, "SELECT agent, unsettled FROM loads WHERE unsettled > 0 AND agent != ''"))
    )


def _loads(connection: apsw.Connection) -> dict[str, Load]:
    rows = cast("list[tuple[str, int, int]]", rows_of(connection, _LOADS))
    return {agent: Load(in_hand=unsettled - waiting, waiting=waiting) for agent, unsettled, waiting in rows}


def _keyed(connection: apsw.Connection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    found = {(action, key): cast("tuple[str | None]", row_of(connection, _KEYED, action, key))[0] for action, key in keys}
    return {pair: place for pair, place in found.items() if place is not None}


def _counts(connection: apsw.Connection) -> Counts:
    waiting, unsettled, agents, dead, started, queues = cast("tuple[int, int, int, int, int, int]", row_of(connection, _COUNTS))
    return Counts(
        events_waiting=waiting,
        executions_unsettled=unsettled,
        agents_enrolled=agents,
        dead_letters=dead,
        executions_started=started,
        queues=queues,
    )
