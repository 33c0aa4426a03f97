"""Executions as rows and back: what planning decided (`requests`, written once) and what became of it (`executions`).

Called by every module of this folder that reads or makes executions.
"""

from typing import LiteralString, NamedTuple, cast

from attune_controller.store.encoding import decode, decode_object, decode_texts, encode
from attune_controller.store.records.executions import Execution, NewExecution
from attune_controller.store.sqlite.statements import Row, Values
from attune_core.states import Outcome, Reason, State

#: To be followed by WHERE; the last column is what the input counts against a window.
SELECT: LiteralString = """
SELECT e.number, e.id, e.event, e.action, e.agent, e.epoch, e.sequence, e.state, e.handed, e.cancelling, e.attempt,
e.started_at, e.settled_at, e.outcome, e.reason, e.detail, e.exit_code, e.result,
r.rule, r.pack, r.digest, r.revision, r.secrets, r.key, r.match, r.accepted_at, r.hops, r.traceparent, r.rejected, r.detail, r.input,
r.rate_key, e.ready_at, e.requeuing, e.fleet, e.released_at, e.late, e.input_bytes
FROM executions e JOIN requests r USING (number)
"""
INSERT_REQUEST: LiteralString = """
INSERT INTO requests (
number, rule, pack, digest, revision, secrets, key, match, accepted_at, hops, traceparent, rejected, detail, rate_key, input
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
INSERT_EXECUTION: LiteralString = """
INSERT INTO executions (
id, event, action, agent, queue, epoch, sequence, state, settled_at, outcome, reason, detail, accepted_at, fleet, late, input_bytes
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class ExecutionRow(NamedTuple):
    """A row of SELECT."""

    number: int
    id: str
    event: int
    action: str
    agent: str
    epoch: int
    sequence: int
    state: str
    handed: int
    cancelling: int
    attempt: int
    started_at: float
    settled_at: float
    outcome: str | None
    reason: str | None
    detail: str
    exit_code: int | None
    result: str | None
    rule: str
    pack: str
    digest: str
    revision: str
    secrets: str
    key: str
    match: str
    accepted_at: float
    hops: int
    traceparent: str
    rejected: str | None
    planned_detail: str
    input: str
    rate_key: str
    ready_at: float
    requeuing: int
    fleet: int
    released_at: float
    late: int
    input_bytes: int


def execution_of(values: Row) -> Execution:
    """Return the execution of a row of SELECT; the tables are STRICT, so the types hold."""
    row = ExecutionRow._make(values)
    return Execution(
        new=_request_of(row),
        number=row.number,
        agent=row.agent,
        epoch=row.epoch,
        sequence=row.sequence,
        state=State(row.state),
        handed=bool(row.handed),
        cancelling=bool(row.cancelling),
        attempt=row.attempt,
        outcome=Outcome(row.outcome) if row.outcome else None,
        reason=Reason(row.reason) if row.reason else None,
        detail=row.detail,
        exit_code=row.exit_code,
        result=None if row.result is None else decode(row.result),
        started_at=row.started_at,
        settled_at=row.settled_at,
        ready_at=row.ready_at,
        requeuing=bool(row.requeuing),
        released_at=row.released_at,
    )


def _request_of(row: ExecutionRow) -> NewExecution:
    return NewExecution(
        id=row.id,
        event=row.event,
        rule=row.rule,
        action=row.action,
        pack=row.pack,
        digest=row.digest,
        revision=row.revision,
        input=decode_object(row.input),
        secrets=decode_texts(row.secrets),
        key=row.key,
        match=decode_texts(row.match),
        agent=row.agent,
        accepted_at=row.accepted_at,
        hops=row.hops,
        traceparent=row.traceparent,
        rate_key=row.rate_key,
        rejected=Reason(row.rejected) if row.rejected else None,
        detail=row.planned_detail,
        fleet=bool(row.fleet),
        late=bool(row.late),
    )


def sized_execution_of(values: Row) -> tuple[int, Execution]:
    """Return what the input counts against a hand-over window, and the execution."""
    return cast("int", values[-1]), execution_of(values)


def request_values(new: NewExecution) -> Values:
    """Return what INSERT_REQUEST takes after the number; `JsonRefused` for an input that no JSON text can hold."""
    return (
        new.rule,
        new.pack,
        new.digest,
        new.revision,
        encode(dict(new.secrets)),
        new.key,
        encode(dict(new.match)),
        new.accepted_at,
        new.hops,
        new.traceparent,
        new.rejected,
        new.detail,
        new.rate_key,
        encode(new.input),
    )


def execution_values(execution: Execution, queue: int | None, input_bytes: int) -> Values:
    """Return what INSERT_EXECUTION takes."""
    new = execution.new
    return (
        new.id,
        new.event,
        new.action,
        execution.agent,
        queue,
        execution.epoch,
        execution.sequence,
        execution.state,
        execution.settled_at,
        execution.outcome,
        execution.reason,
        execution.detail,
        new.accepted_at,
        new.fleet,
        new.late,
        input_bytes,
    )
