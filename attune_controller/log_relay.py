"""LogRelay: passes a question for a window of a log to the agent that has it, and its answer back; nothing of a log is stored here.

Called by the API's log route; the answer arrives as a `log_window` frame through sessions/incoming. Readers that wait for the same bytes
share one question, so a hundred who follow one log cost its agent as much as one.
"""

import asyncio
from dataclasses import dataclass, field

from attune_controller.errors import AgentAway, AgentSilent, SessionError, TooManyQuestions
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.sessions.session import Session
from attune_core.ids import uuid7
from attune_core.ports import Clock, Random
from attune_core.wire.agent_frames import LogWindow
from attune_core.wire.stream_frames import ReadLog, ReadLogFrame

#: Seconds an agent has for its answer, and questions that may wait for one agent.
PATIENCE, QUESTIONS = 15.0, 256


@dataclass(eq=False)
class _Asked:
    """A question that was sent, and how many readers wait for its answer."""

    session: Session
    question: ReadLog
    request: str
    answer: asyncio.Future[LogWindow] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    readers: int = 0


class LogRelay:
    """Questions that wait for their answers."""

    def __init__(self, sessions: OpenSessions, clock: Clock, random: Random) -> None:
        """Take who is there, and what makes request ids."""
        self._sessions, self._clock, self._random = sessions, clock, random
        self._waiting: dict[str, _Asked] = {}
        #: Seconds.
        self.patience = PATIENCE

    async def read(self, agent: str, question: ReadLog) -> LogWindow:
        """Ask an agent and return its answer; the question's `request` is set here. `AgentAway`, `AgentSilent`, `TooManyQuestions`."""
        session = self._sessions.find(agent)
        if session is None:
            raise AgentAway(f"{agent} is not connected, and its logs are only on its host")
        asked = self._shared(session, question) or self._ask(session, question)
        asked.readers += 1
        try:
            async with asyncio.timeout(self.patience + question.wait):
                return await asyncio.shield(asked.answer)
        except TimeoutError as error:
            raise AgentSilent(f"{agent} did not answer within {self.patience + question.wait:g} s") from error
        finally:
            asked.readers -= 1
            if not asked.readers:
                self._waiting.pop(asked.request, None)
                asked.answer.cancel()

    def answer(self, session: Session, window: LogWindow) -> None:
        """Give a window to who asked for it; one that nobody (any more) asked this session for is dropped."""
        asked = self._waiting.get(window.request)
        if asked is not None and asked.session is session:
            del self._waiting[window.request]
            asked.answer.set_result(window)

    def gone(self, session: Session, error: SessionError) -> None:
        """Answer what waits for a session that is over."""
        for asked in [one for one in self._waiting.values() if one.session is session]:
            del self._waiting[asked.request]
            asked.answer.set_exception(AgentAway(f"the session of {session.name} ended: {error.message}"))

    def _shared(self, session: Session, question: ReadLog) -> _Asked | None:
        """Return the same question if it is under way; only for who waits: to anybody else an answer could be older than the question."""
        if not question.wait:
            return None
        return next((one for one in self._waiting.values() if one.session is session and one.question == question), None)

    def _ask(self, session: Session, question: ReadLog) -> _Asked:
        if sum(one.session is session for one in self._waiting.values()) >= QUESTIONS:
            raise TooManyQuestions(f"{QUESTIONS} requests for logs wait for {session.name}")
        asked = _Asked(session, question, uuid7(self._clock, self._random))
        session.outbox.put(lambda n: ReadLogFrame(n=n, body=question.model_copy(update={"request": asked.request})))
        self._waiting[asked.request] = asked
        return asked
