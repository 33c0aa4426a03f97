"""The pure rules of an Execution's row: which report moves it, and what it then counts as.

Used by both stores inside their transactions, so that a duplicate, an older attempt or a late report changes nothing (G4, G10).
"""

from dataclasses import replace

from attune_controller.store.errors import NotRequeueable, OutcomeMissing
from attune_controller.store.records.executions import FLEET, Execution, Move, NewExecution, QueueKey
from attune_core.states import Outcome, State, may_move


def planned(new: NewExecution, *, number: int, epoch: int, sequence: int) -> Execution:
    """Return the row that planning begins with: settled when planning itself refused it, queued with an agent, else waiting for one."""
    state = State.SETTLED if new.rejected else State.QUEUED if new.agent else State.ACCEPTED
    return Execution(
        new=new,
        number=number,
        agent=new.agent,
        epoch=epoch,
        sequence=sequence,
        state=state,
        handed=False,
        cancelling=False,
        attempt=0,
        outcome=Outcome.REJECTED if new.rejected else None,
        reason=new.rejected,
        detail=new.detail,
        settled_at=new.accepted_at if new.rejected else 0.0,
    )


def queue_for(new: NewExecution, agent: str) -> QueueKey:
    """Return the queue in which an execution of this agent stands."""
    return QueueKey(place=FLEET if new.fleet else agent, action=new.action, key=new.key)


def released(execution: Execution, at: float) -> Execution:
    """Return it without its agent, which is gone: unsequenced, but in the fleet's queue still at its place."""
    new = replace(execution.new, agent="")
    if new.fleet:
        return replace(execution, new=new, agent="", released_at=at)
    return replace(execution, new=new, agent="", epoch=0, sequence=0, state=State.ACCEPTED, ready_at=0.0, released_at=at)


def placed(execution: Execution, agent: str, *, epoch: int, sequence: int) -> Execution:
    """Return it with the agent that was found for it and its place in that agent's queue."""
    new = replace(execution.new, agent=agent)
    return replace(execution, new=new, agent=agent, epoch=epoch, sequence=sequence, state=State.QUEUED)


def placed_again(execution: Execution, *, epoch: int, sequence: int) -> Execution:
    """Return one that nobody has with a new place at the tail of its queue; the old one is over."""
    return replace(execution, epoch=epoch, sequence=sequence, ready_at=0.0)


def check_requeue(execution: Execution) -> None:
    """Refuse what cannot get another place: `NotRequeueable` says why, and what can be done instead."""
    number = execution.number
    if execution.state is State.SETTLED:
        run = f"run it again: attune action run {execution.new.action}"
        raise NotRequeueable(f"the execution {number} is settled: {execution.outcome}", hint=run)
    if execution.cancelling:
        raise NotRequeueable(f"the execution {number} is being cancelled", hint="nothing to do: it ends without another attempt")
    if execution.state is State.STARTED:
        wait = f"wait for its end, or end it: attune execution cancel {number}"
        raise NotRequeueable(f"the execution {number} has started, so it keeps its place", hint=wait)
    if execution.state is State.ACCEPTED:
        raise NotRequeueable(
            f"the execution {number} waits for an agent and has no place yet", hint="see what agents there are: attune agent list"
        )


def check_move(move: Move) -> None:
    """Refuse, before a transaction begins, what can never be stored: `OutcomeMissing` for a settled move without an outcome."""
    if move.state is State.SETTLED and move.outcome is None:
        raise OutcomeMissing(f"a report settles the execution {move.execution} without an outcome")


def after_move(execution: Execution, move: Move) -> Execution | None:
    """Return the execution as a checked move leaves it, or None when the move is not allowed (any more).

    `detail` is the last allowed report's, `started_at` the first
    attempt's; what only the end can know (reason, exit code, result) is taken from the settling move alone.
    """
    if not _allowed(execution, move):
        return None
    if move.state is State.QUEUED:
        return _given_back(execution, move)
    if move.state is not State.SETTLED:
        begun = move.state is State.STARTED
        started = execution.started_at or (move.at if begun else 0.0)
        requeuing = execution.requeuing and not begun
        return replace(execution, state=move.state, attempt=move.attempt, detail=move.detail, started_at=started, requeuing=requeuing)
    return _settled(execution, move)


def _settled(execution: Execution, move: Move) -> Execution:
    return replace(
        execution,
        state=State.SETTLED,
        attempt=max(move.attempt, execution.attempt),
        cancelling=False,
        requeuing=False,
        outcome=move.outcome,
        reason=move.reason,
        detail=move.detail,
        exit_code=move.exit_code,
        result=move.result,
        settled_at=move.at,
    )


def _given_back(execution: Execution, move: Move) -> Execution:
    """Return what its agent no longer holds: settled if it is not to run again, else without a place until `ready_at`.

    With `ready_at` 0 the caller gives it its new place at once; one that an operator requeues waits for no back-off.
    """
    if execution.cancelling or move.ends:
        return _settled(execution, move)
    # What has started is made, whatever the agent says: no attempt is ever made twice.
    made = max(move.attempt, execution.attempt - (execution.state is State.PREPARING))
    ready_at = 0.0 if execution.requeuing else move.ready_at
    return replace(execution, state=State.QUEUED, handed=False, requeuing=False, attempt=made, detail=move.detail, ready_at=ready_at)


def _allowed(execution: Execution, move: Move) -> bool:
    if execution.state is State.SETTLED or move.state is State.ACCEPTED:
        return False
    if not execution.handed:
        # Nobody else has it, so only the controller itself can end it.
        return move.state is State.SETTLED
    if move.state is State.QUEUED:
        return move.sequence >= execution.sequence  # of an older place it is an old report; a later one was given before a restore
    return not move.unhanded and move.attempt >= execution.attempt and _goes_on(execution, move)


def _goes_on(execution: Execution, move: Move) -> bool:
    if move.state is State.ASSIGNED:
        return execution.state is State.QUEUED
    later = move.attempt > execution.attempt
    if not later and move.state is not State.SETTLED and execution.state in (State.QUEUED, State.ASSIGNED, State.STARTED):
        # Attempts up to this number are made. The retry of `place: keep` prepares under the next one, that of `place: tail` under its new
        # place; this is an old report.
        return False
    # Handed over without a recorded acknowledgement, or a new attempt: whatever follows being assigned may follow.
    return may_move(State.ASSIGNED if later or execution.state is State.QUEUED else execution.state, move.state)


def is_waiting(execution: Execution) -> bool:
    """Tell whether it stands in a queue and was not offered to the agent."""
    return execution.state is State.QUEUED and not execution.handed and not execution.ready_at


def is_unstarted(execution: Execution) -> bool:
    """Tell whether it counts against its queue's hand-over window: handed over and its first attempt not started."""
    if not execution.handed:
        return False
    return execution.state in (State.QUEUED, State.ASSIGNED) or (execution.state is State.PREPARING and execution.attempt <= 1)


def is_unacknowledged(execution: Execution) -> bool:
    """Tell whether it was offered to the agent, which has not said that it has it."""
    return execution.handed and execution.state is State.QUEUED
