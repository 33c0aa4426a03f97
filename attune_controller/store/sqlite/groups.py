"""Groups of waiting events on SQLite: a row for each open one, and one for each that has ended, for people who ask.

Part of SqliteStore; planning.py writes both in the transaction of the plans that change them, pruning.py forgets with the events.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import LiteralString, NamedTuple, cast

import apsw

from attune_controller.store.records.events import Event
from attune_controller.store.records.groups import EndedGroup, GroupEnd, Horizon, OpenGroups
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.event_rows import COLUMNS, event_of
from attune_controller.store.sqlite.statements import Row, execute, row_of, rows_of
from attune_core.rules.groups import Group, Member
from attune_core.rules.throttling import ThrottleKey

_SELECT: LiteralString = "SELECT rule, key, terms, opened_at, last_at, due, back, count, members FROM event_groups "
_DUE: LiteralString = _SELECT + "WHERE due <= ? ORDER BY due, rule, key LIMIT ?"
#: For a clock that stepped back: seldom any.
_STEPPED_BACK: LiteralString = _SELECT + "WHERE back >= ? ORDER BY back DESC, rule, key LIMIT ?"
_PUT: LiteralString = """
INSERT INTO event_groups (rule, key, terms, opened_at, last_at, due, back, count, first, last, members)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (rule, key) DO UPDATE SET terms = excluded.terms, opened_at = excluded.opened_at, last_at = excluded.last_at,
due = excluded.due, back = excluded.back, count = excluded.count, first = excluded.first, last = excluded.last, members = excluded.members
"""
_END: LiteralString = """
INSERT INTO group_ends (rule, key, last, opened_at, ended_at, count, members, outcome, detail, by, revision)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ENDED: LiteralString = """
SELECT rule, key, opened_at, ended_at, count, members, outcome, detail, by, revision FROM group_ends
WHERE rule = ? AND key = ? AND (last >= ? OR ended_at > ?) ORDER BY last LIMIT 1
"""


class _GroupRow(NamedTuple):
    rule: str
    key: str
    terms: str
    opened_at: float
    last_at: float
    due: float
    back: float
    size: int
    members: str


class _EndRow(NamedTuple):
    rule: str
    key: str
    opened_at: float
    ended_at: float
    size: int
    members: str
    outcome: str
    detail: str
    by: int
    revision: str


class SqliteGroups(Connected):
    """See port.Groups."""

    async def open_groups(self, keys: Sequence[ThrottleKey], *, since: float, until: float, limit: int) -> OpenGroups:
        """See the port."""
        return await self._read(partial(_open_groups, keys=keys, since=since, until=until, limit=limit))

    async def groups_due_first(self, rule: str, *, limit: int) -> Sequence[Group]:
        """See the port."""
        sql: LiteralString = _SELECT + "WHERE rule = ? ORDER BY due, key LIMIT ?"
        return await self._read(lambda connection: [_group_of(row) for row in rows_of(connection, sql, rule, limit)])

    async def horizon(self) -> Horizon:
        """See the port."""
        return await self._read(_horizon)

    async def list_groups(self, *, after: ThrottleKey, limit: int, rule: str | None = None) -> Sequence[Group]:
        """See the port."""
        if rule is not None:
            mine: LiteralString = _SELECT + "WHERE rule = ? AND (rule, key) > (?, ?) ORDER BY rule, key LIMIT ?"
            return await self._read(lambda connection: [_group_of(row) for row in rows_of(connection, mine, rule, *after, limit)])
        every: LiteralString = _SELECT + "WHERE (rule, key) > (?, ?) ORDER BY rule, key LIMIT ?"
        return await self._read(lambda connection: [_group_of(row) for row in rows_of(connection, every, *after, limit)])

    async def group_end(self, key: ThrottleKey, position: int, *, after: float = float("inf")) -> GroupEnd | None:
        """See the port."""
        return await self._read(partial(_group_end, key=key, position=position, after=after))

    async def events_at(self, positions: Sequence[int]) -> Mapping[int, Event]:
        """See the port."""
        return await self._read(partial(_events_at, positions=positions))


def put_group(connection: apsw.Connection, group: Group) -> None:
    """Store an open group in place of what it was."""
    members = json.dumps([[one.position, one.size] for one in group.members], separators=(",", ":"))
    times = (group.opened_at, group.last_at, group.due, group.back)
    execute(connection, _PUT, *group.key, group.terms, *times, group.count, group.first, group.last, members)


def end_group(connection: apsw.Connection, ended: EndedGroup) -> bool:
    """Take an open group away and keep what came of it; False when it is not as it was, so that its end is known already."""
    group = ended.group
    execute(connection, "DELETE FROM event_groups WHERE rule = ? AND key = ? AND last = ?", *group.key, group.last)
    if not connection.changes():
        return False
    members = json.dumps([one.position for one in group.members], separators=(",", ":"))
    told = (ended.outcome, ended.detail, ended.by, ended.revision)
    execute(connection, _END, *group.key, group.last, group.opened_at, ended.at, group.count, members, *told)
    return True


def _open_groups(connection: apsw.Connection, keys: Sequence[ThrottleKey], since: float, until: float, limit: int) -> OpenGroups:
    rows = [*rows_of(connection, _DUE, until, limit + 1), *rows_of(connection, _STEPPED_BACK, since, limit + 1)]
    due = sorted(set(map(_group_of, rows)), key=lambda one: (one.due, one.key))
    found = {group.key: group for group in due[:limit]}
    for key in keys:
        if row := row_of(connection, _SELECT + "WHERE rule = ? AND key = ?", *key):
            found[key] = _group_of(row)
    sql: LiteralString = "SELECT count(*) FROM event_groups WHERE rule = ?"
    counts = {rule: cast("tuple[int]", row_of(connection, sql, rule))[0] for rule in sorted({key[0] for key in keys})}
    return OpenGroups(groups=tuple(found.values()), more=len(due) > limit, counts=counts)


def _horizon(connection: apsw.Connection) -> Horizon:
    due = cast("tuple[float | None]", row_of(connection, "SELECT min(due) FROM event_groups"))[0]
    back = cast("tuple[float | None]", row_of(connection, "SELECT max(back) FROM event_groups"))[0]
    return Horizon() if due is None or back is None else Horizon(after=back, before=due)


def _group_end(connection: apsw.Connection, key: ThrottleKey, position: int, after: float) -> GroupEnd | None:
    found = row_of(connection, _ENDED, *key, position, after)
    if found is None:
        return None
    row = _EndRow._make(found)
    return GroupEnd(
        key=(row.rule, row.key),
        opened_at=row.opened_at,
        ended_at=row.ended_at,
        count=row.size,
        members=tuple(cast("list[int]", json.loads(row.members))),
        outcome=row.outcome,
        detail=row.detail,
        by=row.by,
        revision=row.revision,
    )


def _events_at(connection: apsw.Connection, positions: Sequence[int]) -> dict[int, Event]:
    sql: LiteralString = COLUMNS + "FROM events e LEFT JOIN plans p USING (position) WHERE e.position = ?"
    rows = ((position, row_of(connection, sql, position)) for position in positions)
    return {position: event_of(row) for position, row in rows if row is not None}


def _group_of(values: Row) -> Group:
    row = _GroupRow._make(values)
    members = cast("list[tuple[int, int]]", json.loads(row.members))
    return Group(
        key=(row.rule, row.key),
        terms=row.terms,
        opened_at=row.opened_at,
        last_at=row.last_at,
        due=row.due,
        back=row.back,
        count=row.size,
        members=tuple(Member(position=position, size=size) for position, size in members),
    )
