"""Views of queues: the store's records as the documents of /v1/queues.

Called by resources/queues; pure.
"""

from collections.abc import Sequence

from attune_controller.fleet import FleetAgent
from attune_controller.http.views import conditions, moment, waiting_for
from attune_controller.store.records.executions import Execution
from attune_controller.store.records.queues import Hold, QueueState
from attune_core.ports import rfc3339
from attune_core.states import State
from attune_core.wire.queues import QueuedExecution, QueuePause, QueueSummary


def pause_view(hold: Hold) -> QueuePause:
    """Return what is paused."""
    return QueuePause(action=hold.action, key=hold.key, note=hold.mark.note, by=hold.mark.by, since=rfc3339(hold.mark.since))


def summary_view(state: QueueState, agent: FleetAgent | None, holds: Sequence[Hold], rated_until: float) -> QueueSummary:
    """Return a queue; `agent` is its head's."""
    head = state.head
    return QueueSummary(
        place=state.queue.place,
        action=state.queue.action,
        key=state.queue.key,
        epoch=state.epoch,
        waiting=state.waiting,
        in_hand=state.unstarted,
        running=state.unsettled - state.waiting - state.unstarted - state.returning,
        returning=state.returning,
        head=head.number if head else 0,
        oldest_at=rfc3339(head.new.accepted_at) if head else "",
        waiting_for=(waiting_for(head, agent, rated_until) or _away(head, agent)) if head else "",
        paused=tuple(map(pause_view, holds)),
    )


def queued_view(execution: Execution, position: int, agent: FleetAgent | None, rated_until: float) -> QueuedExecution:
    """Return one execution at its position; only the first of a queue is told why it waits."""
    return QueuedExecution(
        position=position,
        number=execution.number,
        id=execution.new.id,
        sequence=execution.sequence if position else 0,
        state=execution.state.value,
        conditions=tuple(conditions(execution, agent)),
        attempt=execution.attempt,
        agent=execution.agent,
        accepted_at=rfc3339(execution.new.accepted_at),
        ready_at=moment(execution.ready_at),
        waiting_for=waiting_for(execution, agent, rated_until) if position < 2 else "",
    )


def _away(head: Execution, agent: FleetAgent | None) -> str:
    """Return what holds one that has not started when nobody hears of its agent."""
    away = head.agent and head.state is not State.STARTED and not (agent and agent.connected)
    return f"its agent {head.agent}, which is away" if away else ""
