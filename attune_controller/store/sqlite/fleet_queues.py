"""The fleet's queues on SQLite: one of their executions at a time is on its way to a start, and each agent has a chain of its own.

Called by queues.py inside the writer's and the reader's transactions; fairness is dealing.deal.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import LiteralString, NamedTuple, cast

import apsw

from attune_controller.store.dealing import Lane
from attune_controller.store.records.executions import FLEET, Execution, QueueKey
from attune_controller.store.records.queues import Bucket, Handover, Terms
from attune_controller.store.sqlite.execution_rows import SELECT, sized_execution_of
from attune_controller.store.sqlite.statements import Values, execute_each, row_of, rows_of

# What is tried again at the tail has no place and is in no hand, so it is neither waiting nor counted against the limit.
_OPEN: LiteralString = """
SELECT q.id, q.action, q.key, q.epoch, q.last_handed, coalesce(c.last_handed, 0),
q.unsettled - q.waiting - (SELECT count(*) FROM executions b WHERE b.queue = q.id AND b.ready_at > 0 AND b.state = 'queued')
FROM queues q LEFT JOIN chains c ON c.agent = ? AND c.queue = q.id
WHERE q.id IN (SELECT queue FROM executions WHERE fleet = 1 AND state = 'queued' AND handed = 0 AND agent = ?)
AND q.unstarted = 0 AND q.waiting > 0 AND NOT EXISTS (SELECT 1 FROM merges)
AND NOT EXISTS (SELECT 1 FROM queue_holds h WHERE h.action = q.action AND h.key IN ('', q.key)) ORDER BY q.turn, q.id
"""
_CHAINS: LiteralString = """
SELECT q.id, q.action, q.key, q.epoch, q.last_handed, c.last_handed, q.unstarted
FROM chains c JOIN queues q ON q.id = c.queue WHERE c.agent = ? ORDER BY c.queue
"""
_HEAD: LiteralString = SELECT + "WHERE e.queue = ? AND e.state != 'settled' AND e.waiting AND e.sequence > ? ORDER BY e.sequence LIMIT 1"
_WAITING: LiteralString = """
SELECT id, action, key, epoch, last_handed, 0, 0 FROM queues WHERE place = '*' AND waiting > 0 AND unstarted = 0 ORDER BY turn, id
"""
_PUT_CHAIN: LiteralString = """
INSERT INTO chains (agent, queue, last_handed) VALUES (?, ?, ?)
ON CONFLICT (agent, queue) DO UPDATE SET last_handed = excluded.last_handed
"""
_BUCKET: LiteralString = "SELECT tokens, at FROM fleet_rates WHERE action = ? AND key = ?"
_PUT_BUCKET: LiteralString = """
INSERT INTO fleet_rates (action, key, tokens, at) VALUES (?, ?, ?, ?)
ON CONFLICT (action, key) DO UPDATE SET tokens = excluded.tokens, at = excluded.at
"""


class FleetRow(NamedTuple):
    """A queue of the fleet: the last that was handed to anybody, the last that one agent was, and how many are in hand or unstarted."""

    id: int
    action: str
    key: str
    epoch: int
    last_handed: int
    chain: int
    busy: int

    @property
    def queue(self) -> QueueKey:
        """Return its name."""
        return QueueKey(place=FLEET, action=self.action, key=self.key)


def fleet_lanes(connection: apsw.Connection, agent: str, terms: Mapping[str, Terms], queues: dict[QueueKey, int]) -> Iterator[Lane]:
    """Yield the queues of the fleet whose head is this agent's and may go, and remember their rows in `queues`."""
    for row in map(FleetRow._make, rows_of(connection, _OPEN, agent, agent)):
        head = _head(connection, row)
        if head is None or head[1].agent != agent or row.busy >= terms.get(row.action, Terms()).limit:
            continue
        queues[row.queue] = row.id
        yield Lane(waiting=iter([head]), last_handed=row.chain, unstarted=0, unstarted_bytes=0, window=1, window_bytes=0)


def chains_of(connection: apsw.Connection, agent: str) -> Sequence[FleetRow]:
    """Return the queues of the fleet of which this agent was handed something."""
    return [FleetRow._make(row) for row in rows_of(connection, _CHAINS, agent)]


def put_chains(connection: apsw.Connection, agent: str, lasts: Mapping[int, int]) -> None:
    """Store the last that this agent was handed of each of these queues (row ids)."""
    rows: list[Values] = [(agent, queue, last) for queue, last in lasts.items()]
    execute_each(connection, _PUT_CHAIN, rows)


def handed_of_fleet(handovers: Sequence[Handover], queues: Mapping[QueueKey, int]) -> dict[int, int]:
    """Return the last sequence handed of each queue of the fleet, by its row."""
    return {queues[one.execution.queue]: one.execution.sequence for one in handovers if one.execution.new.fleet}


def heads(connection: apsw.Connection, only: Sequence[QueueKey] | None) -> dict[QueueKey, str]:
    """See port.Queues.fleet_heads."""
    found: dict[QueueKey, str] = {}
    for row in map(FleetRow._make, rows_of(connection, _WAITING)):
        if (only is None or row.queue in only) and (head := _head(connection, row)):
            found[row.queue] = head[1].agent
    return found


def bucket(connection: apsw.Connection, action: str, key: str) -> Bucket | None:
    """Return a stored bucket."""
    row = row_of(connection, _BUCKET, action, key)
    return Bucket(tokens=cast("float", row[0]), at=cast("float", row[1])) if row else None


def put_buckets(connection: apsw.Connection, drawn: Mapping[tuple[str, str], Bucket]) -> None:
    """Store what was drawn from."""
    rows: list[Values] = [(action, key, bucket.tokens, bucket.at) for (action, key), bucket in drawn.items()]
    execute_each(connection, _PUT_BUCKET, rows)


def _head(connection: apsw.Connection, row: FleetRow) -> tuple[int, Execution] | None:
    found = row_of(connection, _HEAD, row.id, row.last_handed)
    return sized_execution_of(found) if found else None
