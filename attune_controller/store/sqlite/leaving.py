"""Agents that are gone: what their name was handed ends, the queues of their place go into the next epoch, what waits may lose its place.

Called by agents.py inside the writer's transactions, which are whole also for an agent with much in hand: nothing is handed over meanwhile.
"""

from typing import LiteralString, cast

import apsw

from attune_controller.store.errors import AgentUnknown
from attune_controller.store.records.agents import Departure
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import End, Execution
from attune_controller.store.sqlite.accepting import accept
from attune_controller.store.sqlite.execution_rows import SELECT, execution_of
from attune_controller.store.sqlite.moves import prepare, store_move
from attune_controller.store.sqlite.statements import Values, execute, execute_each, row_of, rows_of
from attune_controller.store.transitions import after_move

# Through the index of unsettled states: an agent's history is longer than what all agents have in hand.
_UNSETTLED: LiteralString = SELECT + "WHERE e.state = ? AND e.state != 'settled' AND +e.agent = ? ORDER BY e.number"
_RELEASE: LiteralString = """
UPDATE executions SET agent = '', queue = NULL, epoch = 0, sequence = 0, state = 'accepted', ready_at = 0, released_at = ?
WHERE number = ?
"""
_RELEASE_IN_FLEET: LiteralString = "UPDATE executions SET agent = '', released_at = ? WHERE number = ?"
_NEXT_EPOCH: LiteralString = "UPDATE queues SET epoch = epoch + 1, last_handed = 0 WHERE place = ?"
_WAITING: LiteralString = """
SELECT number FROM executions WHERE state != 'settled' AND waiting AND queue IN (SELECT id FROM queues WHERE place = ? AND waiting > 0)
ORDER BY sequence, number
"""
_FORGET_INSTANCE: LiteralString = """
INSERT OR IGNORE INTO forgotten_instances (instance, agent) SELECT instance, name FROM agents WHERE name = ? AND instance != ''
"""


def forget(connection: apsw.Connection, name: str, end: End, event: NewEvent, values: Values) -> Departure:
    """See port.Agents.forget."""
    if not row_of(connection, "SELECT 1 FROM agents WHERE name = ?", name):
        raise AgentUnknown(f"no agent {name} is enrolled")
    departure = _leave(connection, name, end, released_at=event.received_at)
    execute(connection, "DELETE FROM agent_marks WHERE agent = ?", name)
    execute(connection, "DELETE FROM merges WHERE agent = ?", name)
    execute(connection, "DELETE FROM agents WHERE name = ?", name)
    accept(connection, event, values)
    return departure


def begin_anew(connection: apsw.Connection, name: str, end: End) -> Departure:
    """End what the name's instance before this hello was handed; the caller stores the hello."""
    return _leave(connection, name, end, released_at=None)


def _leave(connection: apsw.Connection, name: str, end: End, *, released_at: float | None) -> Departure:
    """Carry out what `end` says of everything unsettled; release what it leaves, unless it keeps its place (None)."""
    ended = released = 0
    for execution in unsettled_of(connection, name):
        move = end(execution)
        if move is not None and (after := after_move(execution, move)):
            store_move(connection, after, prepare(move))
            ended += 1
        elif released_at is not None:
            sql = _RELEASE_IN_FLEET if execution.new.fleet else _RELEASE
            execute(connection, sql, released_at, execution.number)
            released += 1
    execute(connection, _NEXT_EPOCH, name)
    waiting: list[Values] = [(cast("int", row[0]),) for row in rows_of(connection, _WAITING, name)]
    execute_each(connection, "UPDATE executions SET epoch = epoch + 1 WHERE number = ?", waiting)
    execute(connection, "DELETE FROM chains WHERE agent = ?", name)
    execute(connection, _FORGET_INSTANCE, name)
    return Departure(ended=ended, released=released)


def unsettled_of(connection: apsw.Connection, name: str) -> list[Execution]:
    """Return what an agent was given and has not settled, by number."""
    states = "queued", "assigned", "preparing", "started"
    rows = [row for state in states for row in rows_of(connection, _UNSETTLED, state, name)]
    return sorted(map(execution_of, rows), key=lambda execution: execution.number)
