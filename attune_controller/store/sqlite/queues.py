"""Queues on SQLite: what is handed over, handed over again, and acknowledged.

Part of SqliteStore; fairness and windows are dealing.deal, the counters of a queue's row are kept by the schema's triggers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import LiteralString, NamedTuple, cast

import apsw

from attune_controller.store.buckets import Buckets
from attune_controller.store.dealing import Lane, deal
from attune_controller.store.ports.queues import NO_TERMS
from attune_controller.store.records.agents import Held
from attune_controller.store.records.executions import Execution, QueueKey
from attune_controller.store.records.queues import Handover, Taken, Terms
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.connection_thread import Relay
from attune_controller.store.sqlite.execution_rows import SELECT, execution_of, sized_execution_of
from attune_controller.store.sqlite.fleet_queues import bucket, chains_of, fleet_lanes, handed_of_fleet, heads, put_buckets, put_chains
from attune_controller.store.sqlite.statements import LARGEST, each_row, execute, execute_each, row_of, rows_of

_OPEN: LiteralString = """
SELECT id, place, action, key, epoch, last_handed, unstarted, unstarted_bytes FROM queues
WHERE place = ? AND waiting > 0 AND unstarted < ? ORDER BY unstarted, turn, id
"""
_HANDED: LiteralString = """
SELECT id, place, action, key, epoch, last_handed, unstarted, unstarted_bytes FROM queues
WHERE place = ? AND last_handed > 0 ORDER BY id
"""
_NEXT_WAITING: LiteralString = (
    SELECT + "WHERE e.queue = ? AND e.state != 'settled' AND e.waiting AND e.sequence > ? ORDER BY e.sequence LIMIT 1"
)
_UNACKNOWLEDGED: LiteralString = (
    SELECT
    + "WHERE e.queue = ? AND e.epoch = ? AND e.state = 'queued' AND e.handed = 1 AND e.agent = ? AND e.sequence > ? ORDER BY e.sequence"
)
_TO_ASSIGN: LiteralString = """
SELECT number, id FROM executions
WHERE queue = ? AND epoch = ? AND state = 'queued' AND handed = 1 AND agent = ? AND sequence <= ? ORDER BY sequence
"""
_DRAINING: LiteralString = "SELECT 1 FROM agent_marks WHERE agent = ? AND kind = 'draining'"
_UNMERGED: LiteralString = "SELECT 1 FROM merges WHERE agent = ?"
_IDENTITY: LiteralString = " FROM queues WHERE place = ? AND action = ? AND key = ?"


class _QueueRow(NamedTuple):
    id: int
    place: str
    action: str
    key: str
    epoch: int
    last_handed: int
    unstarted: int
    unstarted_bytes: int

    @property
    def queue(self) -> QueueKey:
        return QueueKey(place=self.place, action=self.action, key=self.key)


class SqliteQueues(Connected):
    """See port.Queues."""

    async def take_handovers(
        self, agent: str, *, window: int, window_bytes: int, limit: int, terms: Mapping[str, Terms] = NO_TERMS, now: float = 0.0
    ) -> Taken:
        """See the port."""
        take = _Take(agent=agent, window=window, window_bytes=window_bytes, terms=terms, now=now)
        return await self._write(lambda connection: take.run(connection, limit), Relay(follows=True))

    async def fleet_heads(self, only: Sequence[QueueKey] | None) -> Mapping[QueueKey, str]:
        """See the port."""
        return await self._read(partial(heads, only=only))

    async def resume_handovers(self, agent: str, held: Sequence[Held]) -> Sequence[Handover]:
        """See the port."""
        return await self._write(partial(_resume, agent=agent, held=held))

    async def acknowledge(self, held: Sequence[Held], *, agent: str | None = None) -> Sequence[str]:
        """See the port."""
        return await self._write(partial(_acknowledge, held=held, agent=agent))

    async def depths(self, queues: Sequence[QueueKey]) -> Mapping[QueueKey, int]:
        """See the port."""
        return await self._read(partial(_depths, queues=queues))

    async def handed_cancels(self, agent: str) -> Sequence[Execution]:
        """See the port."""
        return await self._read(partial(_cancelling, agent=agent))


@dataclass(frozen=True, kw_only=True)
class _Take:
    """One take: what an agent's queues and those of the fleet give it."""

    agent: str
    window: int
    window_bytes: int
    terms: Mapping[str, Terms]
    now: float

    def run(self, connection: apsw.Connection, limit: int) -> Taken:
        """Deal, and mark what was dealt."""
        if row_of(connection, _DRAINING, self.agent) or row_of(connection, _UNMERGED, self.agent):
            return Taken(handovers=())
        queues: dict[QueueKey, int] = {}
        buckets = Buckets(partial(bucket, connection), self.terms, self.now)
        dealt = deal(buckets.admitting(self._lanes(connection, queues)), limit)
        if buckets.drawn:
            put_buckets(connection, buckets.drawn)
        if dealt:
            self._mark(connection, dealt, queues)
        handed = [Handover(execution=replace(handover.execution, handed=True), after=handover.after) for handover in dealt]
        return Taken(handovers=handed, held=buckets.held)

    def _lanes(self, connection: apsw.Connection, queues: dict[QueueKey, int]) -> Iterator[Lane]:
        yield from fleet_lanes(connection, self.agent, self.terms, queues)
        for row in map(_QueueRow._make, each_row(connection, _OPEN, self.agent, self.window)):
            queues[row.queue] = row.id
            yield Lane(
                waiting=_waiting(connection, row.id, row.last_handed),
                last_handed=row.last_handed,
                unstarted=row.unstarted,
                unstarted_bytes=row.unstarted_bytes,
                window=self.window,
                window_bytes=self.window_bytes,
            )

    def _mark(self, connection: apsw.Connection, dealt: Sequence[Handover], queues: Mapping[QueueKey, int]) -> None:
        (turn,) = cast("tuple[int]", row_of(connection, "UPDATE identity SET turns = turns + 1 RETURNING turns"))
        last = {handover.execution.queue: handover.execution.sequence for handover in dealt}
        execute_each(connection, "UPDATE executions SET handed = 1 WHERE number = ?", [(handover.execution.number,) for handover in dealt])
        execute_each(
            connection,
            "UPDATE queues SET last_handed = ?, turn = ? WHERE id = ?",
            [(sequence, turn, queues[queue]) for queue, sequence in last.items()],
        )
        if lasts := handed_of_fleet(dealt, queues):
            put_chains(connection, self.agent, lasts)


def _waiting(connection: apsw.Connection, queue: int, sequence: int) -> Iterator[tuple[int, Execution]]:
    """Yield what waits in a queue after a sequence, one search each: as many open statements as queues would be prepared anew each."""
    while row := row_of(connection, _NEXT_WAITING, queue, sequence):
        sized = sized_execution_of(row)
        sequence = sized[1].sequence
        yield sized


def _resume(connection: apsw.Connection, agent: str, held: Sequence[Held]) -> list[Handover]:
    said = {(claim.queue, claim.epoch): claim.last for claim in held}
    resumed: list[Handover] = []
    for row in map(_QueueRow._make, rows_of(connection, _HANDED, agent)):
        last = said.get((row.queue, row.epoch), 0)
        again, end = _again(connection, (row.id, row.epoch, agent), last) if row.unstarted else ([], last)
        resumed += again
        # The chain goes on from what the agent will hold; one that knows more than was handed over refuses what comes, and says so.
        if last <= row.last_handed != end:
            execute(connection, "UPDATE queues SET last_handed = ? WHERE id = ?", end, row.id)
    for chain in chains_of(connection, agent):
        last = said.get((chain.queue, chain.epoch), 0)
        again, end = _again(connection, (chain.id, chain.epoch, agent), last) if chain.busy else ([], last)
        resumed += again
        if last <= chain.chain != end:
            put_chains(connection, agent, {chain.id: end})
    return resumed


def _again(connection: apsw.Connection, queue: tuple[int, int, str], last: int) -> tuple[list[Handover], int]:
    """Assign what (queue, epoch, agent) was handed up to `last`; return the rest, chained from there, and the end of that chain."""
    last = min(last, LARGEST)
    _assign(connection, *queue, last)
    again: list[Handover] = []
    for values in rows_of(connection, _UNACKNOWLEDGED, *queue, last):
        execution = execution_of(values)
        again.append(Handover(execution=execution, after=last))
        last = execution.sequence
    return again, last


def _acknowledge(connection: apsw.Connection, held: Sequence[Held], agent: str | None) -> list[str]:
    assigned: list[str] = []
    for claim in held:
        if row := row_of(connection, "SELECT id" + _IDENTITY, claim.queue.place, claim.queue.action, claim.queue.key):
            whose = agent or claim.queue.place
            assigned += _assign(connection, cast("int", row[0]), min(claim.epoch, LARGEST), whose, min(claim.last, LARGEST))
    return assigned


def _assign(connection: apsw.Connection, queue: int, epoch: int, agent: str, last: int) -> list[str]:
    """Move what the queue's agent holds up to `last` to assigned; return the ids by sequence."""
    found = cast("list[tuple[int, str]]", rows_of(connection, _TO_ASSIGN, queue, epoch, agent, last))
    execute_each(connection, "UPDATE executions SET state = 'assigned' WHERE number = ?", [(number,) for number, _ in found])
    return [execution for _, execution in found]


def _depths(connection: apsw.Connection, queues: Sequence[QueueKey]) -> dict[QueueKey, int]:
    rows = {key: row_of(connection, "SELECT unsettled" + _IDENTITY, key.place, key.action, key.key) for key in queues}
    return {key: cast("int", row[0]) if row else 0 for key, row in rows.items()}


def _cancelling(connection: apsw.Connection, agent: str) -> list[Execution]:
    rows = rows_of(connection, SELECT + "WHERE e.cancelling = 1 AND e.agent = ? ORDER BY e.number", agent)
    return [execution_of(row) for row in rows]
