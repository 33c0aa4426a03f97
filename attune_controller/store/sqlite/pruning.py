"""What the SQLite store forgets, a few rows in a transaction of their own; the pages they leave are written again before the file grows.

Part of SqliteStore. There is no vacuum of any kind: decision 0026 says why, and what shrinks the file.
"""

import json
import math
from functools import partial
from typing import LiteralString, cast

import apsw

from attune_controller.store.records.standing import Pruned
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.statements import Value, execute, execute_each, row_of, rows_of

_EVENTS: LiteralString = """
SELECT position, received_at, position IN (SELECT position FROM plans)
AND NOT EXISTS (SELECT 1 FROM executions x WHERE x.event = e.position AND x.state != 'settled'),
EXISTS (SELECT 1 FROM plans p WHERE p.position = e.position AND p.status = 'dead_letter' AND p.dropped_at = 0)
FROM events e WHERE position > ? ORDER BY position LIMIT ?
"""
_DEAD_BEYOND: LiteralString = """
SELECT position FROM plans WHERE status = 'dead_letter' AND dropped_at = 0 ORDER BY position DESC LIMIT 1 OFFSET ?
"""
#: Of groups that may wait with an event of a batch.
_MEMBERS: LiteralString = """
SELECT members FROM event_groups WHERE last > ?
AND first <= (SELECT max(position) FROM (SELECT position FROM events WHERE position > ? ORDER BY position LIMIT ?))
"""
_EXECUTIONS: LiteralString = """
SELECT number, requests.accepted_at, state = 'settled', settled_at,
number <= (SELECT seq FROM sqlite_sequence WHERE name = 'executions') - ?
FROM executions JOIN requests USING (number) WHERE number > ? ORDER BY number LIMIT ?
"""
_TOKENS: LiteralString = "DELETE FROM join_tokens WHERE expires_at < ? OR (used_at > 0 AND used_at < ?)"
_PACKS: LiteralString = "SELECT DISTINCT digest FROM executions JOIN requests USING (number) WHERE state != 'settled'"


class SqlitePruning(Connected):
    """See port.Pruning."""

    async def prune_events(
        self, *, before: float, now: float, after: int, limit: int, dead_before: float = math.inf, dead_keep: int = 1_000_000
    ) -> Pruned:
        """See the port."""
        # Beforehand, so that the writer need not: an event waits in a group from its plan on, and what has none is not forgotten.
        waiting = await self._read(partial(_waiting, after=after, limit=limit))
        prune = partial(_prune_events, before=before, now=now, after=after, limit=limit, dead_before=dead_before, dead_keep=dead_keep)
        return await self._write(partial(prune, waiting=waiting))

    async def prune_executions(self, *, before: float, now: float, keep: int, after: int, limit: int) -> Pruned:
        """See the port."""
        return await self._write(partial(_prune_executions, before=before, now=now, keep=keep, after=after, limit=limit))

    async def prune_join_tokens(self, *, before: float) -> int:
        """See the port."""
        return await self._write(partial(_prune_tokens, before=before))

    async def packs_in_use(self) -> frozenset[str]:
        """See the port."""
        return frozenset(cast("str", row[0]) for row in await self._read(lambda connection: rows_of(connection, _PACKS)))


def _waiting(connection: apsw.Connection, after: int, limit: int) -> frozenset[int]:
    """Return the events that groups wait with, at least those of the next batch."""
    rows = cast("list[tuple[str]]", rows_of(connection, _MEMBERS, after, after, limit))
    return frozenset(position for (members,) in rows for position, _ in json.loads(members))


def _prune_events(
    connection: apsw.Connection,
    *,
    before: float,
    now: float,
    after: int,
    limit: int,
    dead_before: float,
    dead_keep: int,
    waiting: frozenset[int],
) -> Pruned:
    gone: list[tuple[Value, ...]] = []
    beyond = cast("tuple[int] | None", row_of(connection, _DEAD_BEYOND, dead_keep)) or (0,)
    rows = cast("list[tuple[int, float, int, int]]", rows_of(connection, _EVENTS, after, limit))
    last: int | None = rows[-1][0] if len(rows) == limit else None
    for position, received_at, over, dead in rows:
        if before <= received_at <= now:
            last = None
            break
        if over and position not in waiting and received_at < (min(before, dead_before) if dead and position > beyond[0] else before):
            gone.append((position,))
    execute_each(connection, "DELETE FROM events WHERE position = ?", gone)
    execute_each(connection, "DELETE FROM plans WHERE position = ?", gone)
    execute_each(connection, "DELETE FROM group_ends WHERE last = ?", gone)
    return Pruned(removed=len(gone), after=last)


def _prune_executions(connection: apsw.Connection, *, before: float, now: float, keep: int, after: int, limit: int) -> Pruned:
    gone: list[tuple[Value, ...]] = []
    rows = cast("list[tuple[int, float, int, float, int]]", rows_of(connection, _EXECUTIONS, keep, after, limit))
    last: int | None = rows[-1][0] if len(rows) == limit else None
    for number, accepted_at, settled, settled_at, beyond in rows:
        if not beyond and before <= accepted_at <= now:
            last = None
            break
        if settled and (beyond or settled_at < before):
            gone.append((number,))
    execute_each(connection, "DELETE FROM executions WHERE number = ?", gone)
    execute_each(connection, "DELETE FROM requests WHERE number = ?", gone)
    return Pruned(removed=len(gone), after=last)


def _prune_tokens(connection: apsw.Connection, before: float) -> int:
    execute(connection, _TOKENS, before, before)
    return cast("tuple[int]", row_of(connection, "SELECT changes()"))[0]
