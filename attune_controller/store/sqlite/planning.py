"""A plan as rows: the event's fate, its executions, their numbers and their places in queues, in one transaction (G3).

Called by events.py with what `prepare` encoded before the writer's turn; executions.py takes places through `next_place`.
"""

from dataclasses import dataclass, replace
from typing import LiteralString, cast

import apsw

from attune_controller.store.encoding import stored_bytes
from attune_controller.store.errors import EventUnknown, ExecutionExists
from attune_controller.store.records.events import Acceptance, EventStatus
from attune_controller.store.records.executions import Execution, NewExecution, QueueKey
from attune_controller.store.records.groups import EndedGroup, Plan
from attune_controller.store.records.plans import PlannedEvent
from attune_controller.store.sqlite.accepting import accept
from attune_controller.store.sqlite.accepting_together import Row
from attune_controller.store.sqlite.event_rows import values_of
from attune_controller.store.sqlite.execution_rows import INSERT_EXECUTION, INSERT_REQUEST, execution_values, request_values
from attune_controller.store.sqlite.groups import end_group, put_group
from attune_controller.store.sqlite.statements import Values, execute, row_of
from attune_controller.store.sqlite.throttles import forget_admissions, store_admissions
from attune_controller.store.transitions import planned, queue_for
from attune_core.failpoints import failpoint

# The row of the queue is where a sequence is taken, and nowhere else, so none is taken twice (reliability.md §1.2).
_NEXT_PLACE: LiteralString = """
INSERT INTO queues (place, action, key, last_sequence) VALUES (?, ?, ?, 1)
ON CONFLICT (place, action, key) DO UPDATE SET last_sequence = last_sequence + 1
RETURNING id, epoch, last_sequence
"""


_OLDER: LiteralString = "SELECT 1 FROM unplanned WHERE position < ?"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A plan with its executions' request rows, which name no event, and its notices encoded."""

    plan: Plan
    requests: tuple[Values, ...]
    notices: tuple[Values, ...]


def prepare(plan: Plan) -> Prepared:
    """Encode a plan outside the transaction."""
    return Prepared(plan=plan, requests=tuple(request_values(new) for new in plan.executions), notices=tuple(map(values_of, plan.notices)))


def accept_planned(
    connection: apsw.Connection, row: Row, plan: PlannedEvent, prepared: Prepared, over_before: float
) -> tuple[Acceptance, list[Execution]]:
    """Store an event and its plan; see port.Events.accept_planned."""
    acceptance = accept(connection, *row)
    if acceptance.duplicate or row_of(connection, _OLDER, acceptance.position):
        return acceptance, []
    made = record_plans(connection, [replace(prepared, plan=plan.at(acceptance.position))], over_before)
    return replace(acceptance, planned=True), made


def record_plans(connection: apsw.Connection, plans: list[Prepared], over_before: float) -> list[Execution]:
    """Store each plan whose event or group waits for one; return the executions made.

    Admissions over by then are forgotten, some at a time.
    """
    made: list[Execution] = []
    admissions = 0
    for prepared in plans:
        plan = prepared.plan
        if end_group(connection, plan) if isinstance(plan, EndedGroup) else _take(connection, plan):
            if isinstance(plan, PlannedEvent):
                store_admissions(connection, plan.admissions)
                admissions += len(plan.admissions)
                for group in plan.groups:
                    put_group(connection, group)
            made += [_insert(connection, new, values) for new, values in zip(prepared.plan.executions, prepared.requests, strict=True)]
            for event, row in zip(prepared.plan.notices, prepared.notices, strict=True):
                accept(connection, event, row)
    forget_admissions(connection, over_before, admissions)
    return made


def _take(connection: apsw.Connection, plan: PlannedEvent) -> bool:
    """Give an unplanned event its fate; False when it has one."""
    execute(connection, "DELETE FROM unplanned WHERE position = ?", plan.position)
    if not connection.changes():
        if row_of(connection, "SELECT 1 FROM events WHERE position = ?", plan.position):
            return False
        raise EventUnknown(f"there is no event at position {plan.position}")
    status, reason = (EventStatus.DEAD_LETTER, plan.dead.detail) if plan.dead else (EventStatus.PLANNED, plan.note)
    sql: LiteralString = "INSERT INTO plans (position, status, reason, revision, dead) VALUES (?, ?, ?, ?, ?)"
    execute(connection, sql, plan.position, status, reason, plan.revision, plan.dead.reason if plan.dead else None)
    return True


def _insert(connection: apsw.Connection, new: NewExecution, request: Values) -> Execution:
    queue, epoch, sequence = None, 0, 0
    if new.agent and not new.rejected:
        queue, epoch, sequence = next_place(connection, queue_for(new, new.agent))
    execution = planned(new, number=1, epoch=epoch, sequence=sequence)
    encoded_input = cast("str", request[-1])
    try:
        execute(connection, INSERT_EXECUTION, *execution_values(execution, queue, stored_bytes(encoded_input)))
    except apsw.ConstraintError as error:
        raise ExecutionExists(f"the execution {new.id} is stored already") from error
    number = connection.last_insert_rowid()
    execute(connection, INSERT_REQUEST, number, *request)
    failpoint("c4")
    return planned(new, number=number, epoch=epoch, sequence=sequence)


def next_place(connection: apsw.Connection, key: QueueKey) -> tuple[int, int, int]:
    """Take the next place of a queue, which is made when it is new; return (row, epoch, sequence)."""
    return cast("tuple[int, int, int]", row_of(connection, _NEXT_PLACE, key.place, key.action, key.key))
