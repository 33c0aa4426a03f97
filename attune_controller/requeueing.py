"""Requeueing: gives an execution another place at the tail of its queue, because an operator asks for it.

Called by the API. What nobody was handed moves at once. An agent that has it is asked to give it back (a cancel frame with `requeue`, said
again after each reconnect); it does unless it has started it. The old sequence is never seen again (reliability.md G8).
"""

from collections.abc import Callable

from attune_controller.errors import SessionError
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.sessions.session import Session
from attune_controller.store.backlog import Returns
from attune_controller.store.records.executions import Execution
from attune_core.wire.stream_frames import Cancel, CancelFrame


class Requeueing:
    """Moves one execution."""

    def __init__(self, store: Returns, sessions: OpenSessions, returned: Callable[[Execution], None]) -> None:
        """Take what is needed; `returned` hears of what has a new place."""
        self._store, self._sessions, self._returned = store, sessions, returned

    async def requeue(self, execution: Execution) -> Execution:
        """Return it with its new place, or `requeuing` until its agent answers; `NotRequeueable`, `ExecutionUnknown`."""
        after = await self._store.request_requeue(execution.new.id)
        if not after.requeuing:
            self._returned(after)
        elif session := self._sessions.find(after.agent):
            ask_back(session, after.new.id)
        return after


def ask_back(session: Session, execution: str) -> None:
    """Queue the frame; without room for it the session ends, and the next one repeats it."""
    session.asked_back.add(execution)
    try:
        session.outbox.put(lambda n: CancelFrame(n=n, body=Cancel(execution=execution, requeue=True)))
    except SessionError as error:
        session.end(error)
