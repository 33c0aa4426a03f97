"""Departures: how what an agent was given ends when the agent is forgotten, or comes back without what it held; pure.

Decided here for each unsettled execution, carried out by the store in one transaction. What was handed over is lost, because a start may
have happened (G12); what could run on this agent alone has nowhere to go; everything else can be placed again.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from attune_controller.completion import completion
from attune_controller.store.records.executions import Execution, Move
from attune_core.states import Outcome, Reason, State


def end_when_forgotten(name: str, now: float, *, restored: int = 0) -> Callable[[Execution], Move | None]:
    """Return how each execution of a forgotten agent ends; None: it is placed again.

    `restored` is the last number of the backup that the store came out of, when the agent was never asked what became of them: any of these
    may have been handed over and started in the time that was lost.
    """
    return partial(_end, name=name, now=now, why=f"{name} was forgotten", pinned=True, restored=restored)


def end_when_anew(name: str, now: float) -> Callable[[Execution], Move | None]:
    """Return how each execution of an agent that joined anew ends; None: it stays its own."""
    return partial(_end, name=name, now=now, why=f"{name} joined anew without what it held", pinned=False)


def _end(execution: Execution, *, name: str, now: float, why: str, pinned: bool, restored: int = 0) -> Move | None:
    if execution.handed or execution.number <= restored:
        outcome, reason, detail = Outcome.LOST, Reason.AGENT_FORGOTTEN, why
    elif pinned and execution.new.match.get("name") == name:
        outcome, reason, detail = Outcome.REJECTED, Reason.NO_AGENT, f"it was for {name} alone, and {why}"
    else:
        return None
    move = Move(
        execution=execution.new.id,
        attempt=execution.attempt,
        state=State.SETTLED,
        at=now,
        outcome=outcome,
        reason=reason,
        detail=detail,
    )
    return replace(move, completion=completion(execution, move, now))
