"""Cancellation: ends an execution that was not handed over at once, and asks the agent to end one that was.

Called by the API (operator) and by `removal` (an action that the active revision no longer has). The agent answers a cancel frame with a
report either way; until then the execution is `cancelling` and the frame is repeated after each reconnect (G10).
"""

from collections.abc import Callable
from dataclasses import replace

from attune_controller.completion import completion
from attune_controller.errors import SessionError
from attune_controller.moved import Moved, nobody
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.sessions.session import Session
from attune_controller.store.ports.executions import Executions
from attune_controller.store.records.executions import Execution, Move
from attune_core.catalog.catalog import Catalog
from attune_core.ports import Clock
from attune_core.states import Outcome, Reason, State
from attune_core.wire.stream_frames import Cancel, CancelFrame


class Cancellation:
    """The only place where the controller itself ends executions it has given a place."""

    def __init__(self, store: Executions, sessions: OpenSessions, clock: Clock, planned: Callable[[], None]) -> None:
        """Take what is needed; `planned` wakes the planner for the completion event."""
        self._store, self._sessions, self._clock, self._wake = store, sessions, clock, planned
        #: Told of what ended.
        self.moved: Moved = nobody

    async def cancel(self, execution: Execution, reason: Reason, detail: str = "") -> Execution:
        """Settle or mark an execution and return it; `NotCancellable` when it is settled, `ExecutionUnknown`."""
        now = self._clock.now()
        move = Move(
            execution=execution.new.id,
            attempt=execution.attempt,
            state=State.SETTLED,
            at=now,
            outcome=Outcome.CANCELLED,
            reason=reason,
            detail=detail,
        )
        after = await self._store.request_cancel(execution.new.id, replace(move, completion=completion(execution, move, now)))
        if after.state is State.SETTLED:
            self._wake()
            self.moved([after])
        elif session := self._sessions.find(after.agent):
            send_cancel(session, after.new.id, reason)
        return after


def reason_of(execution: Execution, catalog: Catalog | None) -> Reason:
    """Return why one is being cancelled: the store keeps that it is, the active revision says whether its action is gone."""
    return Reason.REMOVED if catalog is not None and execution.new.action not in catalog.actions else Reason.OPERATOR


def send_cancel(session: Session, execution: str, reason: Reason) -> None:
    """Queue a cancel frame; without room for it the session ends, and the next one repeats it."""
    session.cancelled[execution] = reason
    try:
        session.outbox.put(lambda n: CancelFrame(n=n, body=Cancel(execution=execution, reason=reason)))
    except SessionError as error:
        session.end(error)
