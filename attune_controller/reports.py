"""Reports: what an agent says about an execution becomes a stored move, and a settled one becomes an event in the same transaction.

Called by sessions/incoming with all reports of one POST, which is answered only afterwards. Then the planner sees the completion events
and dispatch sees the room in the queues' windows.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from attune_controller.cancellation import reason_of
from attune_controller.completion import completion
from attune_controller.drafting import unheard
from attune_controller.moved import Moved, nobody
from attune_controller.planning import CatalogHolder, Wake
from attune_controller.policies import active_policy
from attune_controller.sessions.session import Session
from attune_controller.store.ports.executions import Executions
from attune_controller.store.records.executions import Execution, Move
from attune_core.back_off import back_off
from attune_core.failpoints import failpoint
from attune_core.ports import Clock
from attune_core.safe_text import safe_text
from attune_core.states import Outcome, Reason, State
from attune_core.wire.agent_frames import Report

#: What an agent may say, `queued` of what it gives back; accepted and assigned are the controller's own words.
SAYABLE = frozenset({State.QUEUED, State.PREPARING, State.STARTED, State.SETTLED})
#: The last second of the year 9999: a label beyond it could not be shown.
LATEST = 253_402_300_799.0


class Reports:
    """Turns reports into moves."""

    def __init__(
        self,
        store: Executions,
        active: CatalogHolder,
        clock: Clock,
        *,
        wake: Wake,
        glance: Wake,
        returned: Callable[[Execution], None],
    ) -> None:
        """Take the store, the active catalog, what tells the planner of events that it has, or may have, to plan, or of returns."""
        self._store, self._active, self._clock = store, active, clock
        self._wake, self._glance, self._returned = wake, glance, returned
        #: Told of what moved.
        self.moved: Moved = nobody
        self._log = structlog.get_logger("reports")

    async def take(self, session: Session, reports: Sequence[Report]) -> None:
        """Store reports in order, in one transaction; those this agent may not make are logged and never asked for again."""
        moves = [move for report in reports if (move := await self._move(session, report))]
        if not moves:
            return
        failpoint("c7")
        changed = await self._store.record_moves(moves)
        failpoint("c8")
        self.moved(changed)
        for execution in changed:
            if execution.state in (State.SETTLED, State.QUEUED):
                session.forget(execution.new.id)
            if execution.state is State.QUEUED:
                self._returned(execution)
        if any(execution.state is State.SETTLED for execution in changed):
            heard = any(move.completion and not move.completion.unheard for move in moves)
            (self._wake if heard else self._glance)()
        if session.window.started(execution.new.id for execution in changed if execution.state is not State.PREPARING):
            session.work.set()

    async def _move(self, session: Session, report: Report) -> Move | None:
        execution = session.recall(report.execution) or await self._store.execution(report.execution)
        refusal = _refusal(session.name, execution, report)
        if execution is None or refusal:
            self._log.warning("report_refused", agent=session.name, execution=safe_text(report.execution, limit=40), reason=refusal)
            return None
        session.remember(execution)
        now = self._clock.now()
        move = Move(
            execution=execution.new.id,
            attempt=report.attempt,
            state=report.state,
            at=min(max(report.at, 0.0), LATEST),
            outcome=report.outcome if report.state is State.SETTLED else None,
            reason=report.reason if report.state is State.SETTLED else None,
            detail=report.detail,
            exit_code=report.exit_code,
            result=report.result,
        )
        if report.state is State.QUEUED:
            move = self._given_back(execution, move, report, now)
        elif report.state is not State.SETTLED:
            return move
        event = completion(execution, move, now)
        return replace(move, completion=replace(event, unheard=unheard(event, self._active.catalog)))

    def _given_back(self, execution: Execution, move: Move, report: Report, now: float) -> Move:
        """Return the move to a new place after the back-off, which ends the execution instead if it is being cancelled or was removed."""
        retry = active_policy(self._active.catalog, execution.new.action).retry
        reason = reason_of(execution, self._active.catalog)
        return replace(
            move,
            sequence=report.sequence,
            ready_at=now + back_off(retry, report.attempt),
            outcome=Outcome.CANCELLED,
            reason=reason,
            ends=reason is Reason.REMOVED,
        )


def _refusal(agent: str, execution: Execution | None, report: Report) -> str:
    """Return why a report is not this agent's to make; empty when it is."""
    if execution is None:
        return "there is no such execution"
    if execution.agent != agent or not execution.handed:
        return "the execution is not assigned to this agent"
    if execution.new.id != report.execution:
        return "an execution is named by its id"
    if report.state not in SAYABLE:
        return f"an agent does not say {report.state.value}"
    if report.state is State.SETTLED and report.outcome is None:
        return "it settles the execution without an outcome"
    return ""
