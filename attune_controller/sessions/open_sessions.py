"""OpenSessions: the current session of each agent; there is never more than one.

Kept by `greeting` and `stream`; asked by dispatch, cancellation and log_relay for who is there, and by planning to wake them.
"""

from collections.abc import Iterator

from attune_controller.bounds import Bound
from attune_controller.errors import SessionError, SessionOver
from attune_controller.sessions.outbox import LINES
from attune_controller.sessions.session import Session
from attune_controller.store.records.executions import QueueKey


class OpenSessions:
    """Sessions by the agent's name."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._by_name: dict[str, Session] = {}
        self._aside: dict[str, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        """Go over all that are open now."""
        return iter(tuple(self._by_name.values()))

    def bounds(self) -> tuple[Bound, ...]:
        """Say how many lines wait for the agent that has most of them."""
        return (Bound(name="agent_stream", depth=max((one.outbox.waiting for one in self), default=0), limit=LINES),)

    def put(self, session: Session) -> None:
        """Let a session be its agent's current one; the older one ends."""
        if older := self._by_name.get(session.name):
            older.end(SessionOver("a newer session of this agent has begun"))
        self._by_name[session.name] = session

    def put_aside(self, session: Session) -> None:
        """Keep a session that is nobody's current one and ends nothing, until its stream is asked for; an agent has one such at most."""
        self._aside[session.name] = session

    def remove(self, session: Session) -> None:
        """Let go of a session; a newer one of the same agent stays."""
        if self._by_name.get(session.name) is session:
            del self._by_name[session.name]

    def end(self, name: str, error: SessionError) -> None:
        """End an agent's session, if it has one, whether its stream is open or not."""
        if session := self._by_name.get(name):
            session.end(error)

    def find(self, name: str) -> Session | None:
        """Return an agent's session while its stream is open."""
        session = self._by_name.get(name)
        return session if session is not None and session.streaming and session.error is None else None

    def rated_until(self, name: str, queue: QueueKey) -> float:
        """Return when a rate of all agents lets more of a queue go to an agent, 0 when none is known to hold it."""
        session = self.find(name)
        return session.rated.get(queue, 0.0) if session else 0.0

    def wake(self, name: str) -> bool:
        """Say that an agent may have new work; without a stream it will find out when it opens one. True when it is taken at once."""
        session = self.find(name)
        if session is None:
            return False
        session.work.set()
        return session.resting

    def to_stream(self, name: str, session_id: str) -> Session:
        """Return the session whose stream is asked for: the current one, or one that was put aside; else as `current`."""
        aside = self._aside.get(name)
        return aside if aside is not None and aside.id == session_id else self.current(name, session_id)

    def current(self, name: str, session_id: str) -> Session:
        """Return the session a request names; raise why it is over, or `SessionOver`."""
        session = self._by_name.get(name)
        if session is None or session.id != session_id:
            raise SessionOver(f"{session_id[:36] or 'no session'} is not the current session of {name}")
        if session.error is not None:
            raise session.error
        return session
