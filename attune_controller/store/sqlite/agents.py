"""Agents and join tokens on SQLite.

Part of SqliteStore; called by enrolment and by sessions.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import LiteralString, NamedTuple

import apsw

from attune_controller.store.encoding import decode_texts, encode
from attune_controller.store.errors import AgentUnknown, JoinTokenRefused, TokenExists
from attune_controller.store.records.agents import Agent, Departure
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import End
from attune_controller.store.sqlite.accepting import accept
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.event_rows import values_of
from attune_controller.store.sqlite.leaving import begin_anew, forget
from attune_controller.store.sqlite.statements import Values, execute, execute_each, row_of, rows_of
from attune_core.marks import Mark, MarkKind, Marks

_SPEND: LiteralString = "UPDATE join_tokens SET used_at = ? WHERE token_hash = ? AND name = ? AND used_at = 0 AND expires_at > ?"
_ENROL: LiteralString = """
INSERT INTO agents (
name, labels, fingerprint, certificate_expires_at, enrolled_at, instance, boot_id, version, slots, facts, last_seen_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET labels = excluded.labels, fingerprint = excluded.fingerprint,
certificate_expires_at = excluded.certificate_expires_at, enrolled_at = excluded.enrolled_at, boot_id = excluded.boot_id,
version = excluded.version, slots = excluded.slots, facts = excluded.facts, last_seen_at = excluded.last_seen_at
"""
_AGENTS: LiteralString = """
SELECT name, labels, fingerprint, certificate_expires_at, enrolled_at, instance, boot_id, version, slots, facts, last_seen_at
FROM agents
"""
_GREET: LiteralString = """
UPDATE agents SET instance = ?, boot_id = ?, version = ?, slots = ?, facts = ?, last_seen_at = ? WHERE name = ?
"""
_IS_FORGOTTEN: LiteralString = "SELECT 1 FROM forgotten_instances WHERE instance = ?"
_MARKS: LiteralString = "SELECT agent, kind, note, operator, since FROM agent_marks ORDER BY agent, kind"
_MARK: LiteralString = "INSERT INTO agent_marks (agent, kind, note, operator, since) VALUES (?, ?, ?, ?, ?)"
_ADD_PERMISSION: LiteralString = "INSERT INTO join_tokens (token_hash, name, labels, expires_at, used_at) VALUES (?, ?, ?, ?, ?)"
_PERMISSION: LiteralString = "SELECT token_hash, name, labels, expires_at, used_at FROM join_tokens WHERE token_hash = ?"


class _AgentRow(NamedTuple):
    name: str
    labels: str
    fingerprint: str
    certificate_expires_at: float
    enrolled_at: float
    instance: str
    boot_id: str
    version: str
    slots: int
    facts: str
    last_seen_at: float


class _MarkRow(NamedTuple):
    agent: str
    kind: str
    note: str
    operator: str
    since: float


class _TokenRow(NamedTuple):
    token_hash: str
    name: str
    labels: str
    expires_at: float
    used_at: float


class SqliteAgents(Connected):
    """See port.Agents."""

    async def enrol(self, agent: Agent, token_hash: str, now: float, event: NewEvent | None = None) -> None:
        """See the port."""
        await self._write(partial(_enrol, agent=agent, token_hash=token_hash, now=now, event=event))

    async def agent(self, name: str) -> Agent | None:
        """See the port."""
        row = await self._read(lambda connection: row_of(connection, _AGENTS + "WHERE name = ?", name))
        return _agent_of(_AgentRow._make(row)) if row else None

    async def agents(self) -> Sequence[Agent]:
        """See the port."""
        rows = await self._read(lambda connection: rows_of(connection, _AGENTS + "ORDER BY name"))
        return [_agent_of(_AgentRow._make(row)) for row in rows]

    async def greet(self, agent: Agent) -> None:
        """See the port."""
        await self._write(partial(_greet, agent=agent))

    async def begin_anew(self, agent: Agent, end: End) -> Departure:
        """See the port."""

        def begin(connection: apsw.Connection) -> Departure:
            departure = begin_anew(connection, agent.name, end)
            _greet(connection, agent)
            return departure

        return await self._write(begin)

    async def forget(self, name: str, end: End, event: NewEvent) -> Departure:
        """See the port."""
        return await self._write(partial(forget, name=name, end=end, event=event, values=values_of(event)))

    async def is_forgotten(self, instance: str) -> bool:
        """See the port."""
        found = await self._read(lambda connection: row_of(connection, _IS_FORGOTTEN, instance))
        return found is not None

    async def seen(self, times: Mapping[str, float]) -> None:
        """See the port."""
        rows: list[Values] = [(at, name) for name, at in times.items()]
        await self._write(lambda connection: execute_each(connection, "UPDATE agents SET last_seen_at = ? WHERE name = ?", rows))

    async def marks(self) -> Mapping[str, Marks]:
        """See the port."""
        found: dict[str, dict[MarkKind, Mark]] = {}
        for row in map(_MarkRow._make, await self._read(lambda connection: rows_of(connection, _MARKS))):
            found.setdefault(row.agent, {})[MarkKind(row.kind)] = Mark(note=row.note, by=row.operator, since=row.since)
        return found

    async def set_marks(self, name: str, marks: Marks, event: NewEvent) -> None:
        """See the port."""
        await self._write(partial(_set_marks, name=name, marks=marks, event=event, values=values_of(event)))

    async def add_join_token(self, token: JoinToken) -> None:
        """See the port."""
        await self._write(partial(_add_token, token=token))

    async def join_token(self, token_hash: str) -> JoinToken | None:
        """See the port."""
        found = await self._read(lambda connection: row_of(connection, _PERMISSION, token_hash))
        if found is None:
            return None
        row = _TokenRow._make(found)
        labels = decode_texts(row.labels)
        return JoinToken(token_hash=row.token_hash, name=row.name, labels=labels, expires_at=row.expires_at, used_at=row.used_at)


def _enrol(connection: apsw.Connection, agent: Agent, token_hash: str, now: float, event: NewEvent | None) -> None:
    execute(connection, _SPEND, now, token_hash, agent.name, now)
    if not connection.changes():
        raise JoinTokenRefused
    identity = (agent.name, encode(dict(agent.labels)), agent.fingerprint, agent.certificate_expires_at, agent.enrolled_at)
    life = (agent.instance, agent.boot_id, agent.version, agent.slots, encode(dict(agent.facts)), agent.last_seen_at)
    execute(connection, _ENROL, *identity, *life)
    if event is not None:
        accept(connection, event, values_of(event))


def _greet(connection: apsw.Connection, agent: Agent) -> None:
    life = (agent.instance, agent.boot_id, agent.version, agent.slots, encode(dict(agent.facts)), agent.last_seen_at)
    execute(connection, _GREET, *life, agent.name)
    if not connection.changes():
        raise AgentUnknown(f"no agent {agent.name} is enrolled")


def _set_marks(connection: apsw.Connection, name: str, marks: Marks, event: NewEvent, values: Values) -> None:
    if not row_of(connection, "SELECT 1 FROM agents WHERE name = ?", name):
        raise AgentUnknown(f"no agent {name} is enrolled")
    execute(connection, "DELETE FROM agent_marks WHERE agent = ?", name)
    execute_each(connection, _MARK, [(name, kind.value, mark.note, mark.by, mark.since) for kind, mark in marks.items()])
    accept(connection, event, values)


def _add_token(connection: apsw.Connection, token: JoinToken) -> None:
    try:
        execute(connection, _ADD_PERMISSION, token.token_hash, token.name, encode(dict(token.labels)), token.expires_at, token.used_at)
    except apsw.ConstraintError as error:
        raise TokenExists from error


def _agent_of(row: _AgentRow) -> Agent:
    return Agent(
        name=row.name,
        labels=decode_texts(row.labels),
        fingerprint=row.fingerprint,
        certificate_expires_at=row.certificate_expires_at,
        enrolled_at=row.enrolled_at,
        instance=row.instance,
        boot_id=row.boot_id,
        version=row.version,
        slots=row.slots,
        facts=decode_texts(row.facts),
        last_seen_at=row.last_seen_at,
    )
