"""Stream: GET /agent/v1/stream, the one long answer of a session on which everything for the agent travels as NDJSON lines.

An ASGI application of its own, because back-pressure, silence and the end of either side must end the session at once. While it is open
the agent counts as connected, and dispatch serves it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from starlette.types import Receive, Send

from attune_controller.errors import AgentCloned, AgentFellSilent, ReaderTooSlow, SessionError, SessionOver
from attune_controller.fleet import Fleet
from attune_controller.log_relay import LogRelay
from attune_controller.sessions.clones import Clones
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.sessions.session import Session
from attune_core.errors import AttuneError
from attune_core.failpoints import failpoint
from attune_core.ports import Clock
from attune_core.wire.session import PING_INTERVAL
from attune_core.wire.stream_frames import PingFrame


class Stream:
    """Opens streams and keeps them until one side ends."""

    def __init__(
        self,
        sessions: OpenSessions,
        clones: Clones,
        fleet: Fleet,
        logs: LogRelay,
        clock: Clock,
        *,
        serve: Callable[[Session], Awaitable[None]],
        changed: Callable[[], None],
        interval: float = PING_INTERVAL,
    ) -> None:
        """Take what a stream touches: `serve` hands over to the agent, `changed` tells planning that the fleet is another one."""
        self._sessions, self._clones, self._fleet, self._logs, self._clock = sessions, clones, fleet, logs, clock
        self._serve, self._changed, self._interval = serve, changed, interval
        self._log = structlog.get_logger("sessions")

    async def open(self, session: Session, receive: Receive, send: Send) -> None:
        """Answer the request for a session's stream; returns when the session is over."""
        if session.streaming:
            raise SessionOver("this session's stream was opened before; a session has one")
        session.streaming = True
        session.heard_at = self._clock.monotonic()
        try:
            self._clones.streaming(session.name, session.id)
        except AgentCloned as error:
            self._log.error("agent_cloned", agent=session.name, code=error.code)
            self._sessions.end(session.name, error)
            raise
        headers = [(b"content-type", b"application/x-ndjson"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        self._fleet.joined(session.name)
        self._changed()
        try:
            await self._keep(session, receive, send)
        finally:
            self._close(session)
        if not isinstance(session.error, ReaderTooSlow):
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _keep(self, session: Session, receive: Receive, send: Send) -> None:
        async with asyncio.TaskGroup() as group:
            parts = [
                group.create_task(self._guarded(session, self._pump(session, send))),
                group.create_task(self._guarded(session, _watch(session, receive))),
                group.create_task(self._guarded(session, self._serve(session))),
            ]
            await session.ended()
            for part in parts:
                part.cancel()

    async def _guarded(self, session: Session, part: Awaitable[None]) -> None:
        """Let an error that Attune can explain end the session instead of the controller; the agent comes back by itself."""
        try:
            await part
        except SessionError as error:
            session.end(error)
        except (AttuneError, ValueError) as error:
            self._log.exception("session_failed", agent=session.name)
            session.end(SessionOver(str(error)))

    async def _pump(self, session: Session, send: Send) -> None:
        """Send what waits, a ping when nothing does; end for a reader that does not read or an agent that does not talk."""
        patience = 3 * self._interval
        while True:
            lines = await session.outbox.next(self._interval)
            silent = self._clock.monotonic() - session.heard_at
            if silent > patience:
                raise AgentFellSilent(f"nothing was heard of {session.name} for {silent:.0f} s")
            if not lines:
                session.outbox.put(lambda n: PingFrame(n=n))
                continue
            try:
                async with asyncio.timeout(patience):
                    await send({"type": "http.response.body", "body": lines, "more_body": True})
                failpoint("c5")
            except TimeoutError as error:
                raise ReaderTooSlow(f"{session.name} did not read for {patience:g} s") from error

    def _close(self, session: Session) -> None:
        error = session.error or SessionOver("the controller is stopping")
        session.end(error)
        self._logs.gone(session, error)
        self._sessions.remove(session)
        if self._sessions.find(session.name) is None:  # else a newer one is there already
            self._fleet.left(session.name, self._clock.now() - (self._clock.monotonic() - session.heard_at))
            self._changed()
        self._log.info("session_over", agent=session.name, session=session.id, code=error.code, reason=error.message)


async def _watch(session: Session, receive: Receive) -> None:
    """Notice that the agent closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
    session.end(SessionOver("the agent closed the stream"))
