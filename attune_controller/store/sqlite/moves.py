"""What changes an execution's row: placement, reports with their completion events, cancelling, and another place at the tail.

Called by executions.py inside the writer's transactions; the rules are transitions.after_move.
"""

from dataclasses import dataclass, replace
from typing import LiteralString

import apsw

from attune_controller.store.encoding import encode
from attune_controller.store.errors import ExecutionUnknown, NotCancellable
from attune_controller.store.records.executions import Execution, Move
from attune_controller.store.sqlite.accepting import insert_completion
from attune_controller.store.sqlite.event_rows import values_of
from attune_controller.store.sqlite.execution_rows import SELECT, execution_of
from attune_controller.store.sqlite.planning import next_place
from attune_controller.store.sqlite.statements import Values, execute, row_of, rows_of
from attune_controller.store.transitions import after_move, check_move, check_requeue, placed, placed_again, queue_for
from attune_core.states import State

_GO_ON: LiteralString = """
UPDATE executions SET state = ?, attempt = ?, detail = ?, started_at = ?, requeuing = ? WHERE number = ?
"""
_GIVE_BACK: LiteralString = """
UPDATE executions SET state = 'queued', handed = 0, requeuing = 0, attempt = ?, detail = ?, ready_at = ?, epoch = ?, sequence = ?
WHERE number = ?
"""
_PLACE_AGAIN: LiteralString = "UPDATE executions SET ready_at = 0, epoch = ?, sequence = ? WHERE number = ?"
_READY: LiteralString = (
    SELECT + "WHERE e.ready_at > 0 AND e.state = 'queued' AND (e.ready_at <= ? OR e.ready_at > ?) ORDER BY e.ready_at, e.number LIMIT ?"
)
_SETTLE: LiteralString = """
UPDATE executions SET state = 'settled', cancelling = 0, requeuing = 0, attempt = ?, outcome = ?, reason = ?, detail = ?,
exit_code = ?, result = ?, settled_at = ? WHERE number = ?
"""
_PLACE: LiteralString = "UPDATE executions SET agent = ?, queue = ?, epoch = ?, sequence = ?, state = 'queued' WHERE number = ?"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A checked move with its result and its completion event encoded."""

    move: Move
    result: str | None
    completion: Values


def prepare(move: Move) -> Prepared:
    """Check and encode a move outside the transaction; `OutcomeMissing`, `JsonRefused`."""
    check_move(move)
    result = None if move.result is None else encode(move.result)
    event = move.completion
    if event is not None and event.body_digest:  # a settled execution is no delivery: its event may say what another one says
        event = replace(event, body_digest="")
    return Prepared(move=move, result=result, completion=values_of(event) if event else ())


def record_moves(connection: apsw.Connection, moves: list[Prepared]) -> list[Execution]:
    """Apply each move that is allowed; return each changed execution as its move left it."""
    changed: list[Execution] = []
    for prepared in moves:
        row = row_of(connection, SELECT + "WHERE e.id = ?", prepared.move.execution)
        if row and (after := after_move(execution_of(row), prepared.move)):
            changed.append(store_move(connection, after, prepared))
    return changed


def request_cancel(connection: apsw.Connection, execution: str, prepared: Prepared) -> Execution:
    """Settle what nobody else has, mark what an agent has."""
    before = _by_id(connection, execution)
    if before.state is State.SETTLED:
        raise NotCancellable(f"the execution {execution} is settled: {before.outcome}")
    if before.handed:
        execute(connection, "UPDATE executions SET cancelling = 1 WHERE number = ?", before.number)
        return replace(before, cancelling=True)
    after = after_move(before, prepared.move)
    if after is None:
        raise NotCancellable(f"the execution {execution} cannot go from {before.state} to {prepared.move.state}")
    return store_move(connection, after, prepared)


def place(connection: apsw.Connection, execution: str, agent: str) -> Execution:
    """Give a waiting execution its agent and, unless it has one, its place; one that does not wait is returned as it is."""
    before = _by_id(connection, execution)
    if before.agent or before.state is State.SETTLED:
        return before
    if before.sequence:
        execute(connection, "UPDATE executions SET agent = ? WHERE number = ?", agent, before.number)
        return placed(before, agent, epoch=before.epoch, sequence=before.sequence)
    key = queue_for(before.new, agent)
    queue, epoch, sequence = next_place(connection, key)
    execute(connection, _PLACE, agent, queue, epoch, sequence, before.number)
    return placed(before, agent, epoch=epoch, sequence=sequence)


def request_requeue(connection: apsw.Connection, execution: str) -> Execution:
    """Give what nobody has a place at the tail, mark what an agent has."""
    before = _by_id(connection, execution)
    check_requeue(before)
    if before.handed:
        execute(connection, "UPDATE executions SET requeuing = 1 WHERE number = ?", before.number)
        return replace(before, requeuing=True)
    return before if before.ready_at else _place_again(connection, before)


def place_ready(connection: apsw.Connection, until: float, beyond: float, limit: int) -> list[Execution]:
    """Give those whose back-off is over, or ends only after `beyond`, a place at the tail."""
    return [_place_again(connection, execution_of(row)) for row in rows_of(connection, _READY, until, beyond, limit)]


def _place_again(connection: apsw.Connection, before: Execution) -> Execution:
    _, epoch, sequence = next_place(connection, before.queue)
    execute(connection, _PLACE_AGAIN, epoch, sequence, before.number)
    return placed_again(before, epoch=epoch, sequence=sequence)


def _by_id(connection: apsw.Connection, execution: str) -> Execution:
    row = row_of(connection, SELECT + "WHERE e.id = ?", execution)
    if row is None:
        raise ExecutionUnknown(f"there is no execution {execution}")
    return execution_of(row)


def store_move(connection: apsw.Connection, after: Execution, prepared: Prepared) -> Execution:
    """Store an execution as its move leaves it, with its completion event."""
    if after.state is State.QUEUED:
        if not after.ready_at:
            _, epoch, sequence = next_place(connection, after.queue)
            after = placed_again(after, epoch=epoch, sequence=sequence)
        execute(connection, _GIVE_BACK, after.attempt, after.detail, after.ready_at, after.epoch, after.sequence, after.number)
        return after
    if after.state is not State.SETTLED:
        execute(connection, _GO_ON, after.state, after.attempt, after.detail, after.started_at, after.requeuing, after.number)
        return after
    end = (after.outcome, after.reason, after.detail, after.exit_code, prepared.result, after.settled_at)
    execute(connection, _SETTLE, after.attempt, *end, after.number)
    if prepared.move.completion:
        insert_completion(connection, prepared.move.completion, prepared.completion)
    return after
