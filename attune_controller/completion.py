"""Completion: the event that a settled execution becomes, typed per action by its `pack.action.completed` trigger; pure.

Made by reports, cancellation and the removal of actions; stored in the transaction that settles the execution, then planned like any other.
"""

from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import Execution, Move

SOURCE = "attune:executions"


def completion(execution: Execution, move: Move, received_at: float) -> NewEvent:
    """Return the completion event of an execution that `move` settles; `received_at` is the controller's clock.

    `parent_event` in its data is the position, as text, of the event that caused the execution; `labels` are those its agent had to have.
    """
    new = execution.new
    return NewEvent(
        source=SOURCE,
        id=new.id,
        type=f"{new.action}.completed",
        subject=execution.agent,
        time=move.at,
        received_at=received_at,
        data={
            "execution": new.id,
            "number": execution.number,
            "action": new.action,
            "rule": new.rule,
            "agent": execution.agent,
            "outcome": move.outcome.value if move.outcome else None,
            "reason": move.reason.value if move.reason else None,
            "exit_code": move.exit_code,
            "result": move.result,
            "parent_event": str(new.event),
            "labels": dict(new.match),
        },
        hops=new.hops + 1,
        traceparent=new.traceparent,
    )
