"""LogRelay: passes a question for a window of a log to the agent that has it, and its answer back; nothing of a log is stored here.

Called by the API's log route; the answer arrives as a `log_window` frame through sessions/incoming.
"""

import asyncio

from attune_controller.errors import AgentAway, AgentSilent, SessionError, TooManyQuestions
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.sessions.session import Session
from attune_core.ids import uuid7
from attune_core.ports import Clock, Random
from attune_core.wire.frames import LogWindow, ReadLog, ReadLogFrame

#: Seconds an agent has for its answer, and questions that may wait for one agent.
PATIENCE, QUESTIONS = 15.0, 64


class LogRelay:
    """Questions that wait for their answers, by request id."""

    def __init__(self, sessions: OpenSessions, clock: Clock, random: Random) -> None:
        """Take who is there, and what makes request ids."""
        self._sessions, self._clock, self._random = sessions, clock, random
        self._waiting: dict[str, tuple[Session, asyncio.Future[LogWindow]]] = {}
        #: Seconds.
        self.patience = PATIENCE

    async def read(self, agent: str, question: ReadLog) -> LogWindow:
        """Ask an agent and return its answer; the question's `request` is set here. `AgentAway`, `AgentSilent`, `TooManyQuestions`."""
        session = self._sessions.find(agent)
        if session is None:
            raise AgentAway(f"{agent} is not connected, and its logs are only on its host")
        if sum(asked is session for asked, _ in self._waiting.values()) >= QUESTIONS:
            raise TooManyQuestions(f"{QUESTIONS} requests for logs wait for {agent}")
        request = uuid7(self._clock, self._random)
        answer: asyncio.Future[LogWindow] = asyncio.get_running_loop().create_future()
        self._waiting[request] = session, answer
        try:
            body = question.model_copy(update={"request": request})
            session.outbox.put(lambda n: ReadLogFrame(n=n, body=body))
            async with asyncio.timeout(self.patience):
                return await answer
        except TimeoutError as error:
            raise AgentSilent(f"{agent} did not answer within {self.patience:g} s") from error
        finally:
            self._waiting.pop(request, None)

    def answer(self, session: Session, window: LogWindow) -> None:
        """Give a window to who asked for it; one that nobody (any more) asked this session for is dropped."""
        asked, answer = self._waiting.get(window.request, (None, None))
        if asked is session and answer is not None and not answer.done():
            answer.set_result(window)

    def gone(self, session: Session, error: SessionError) -> None:
        """Answer what waits for a session that is over."""
        for asked, answer in self._waiting.values():
            if asked is session and not answer.done():
                answer.set_exception(AgentAway(f"the session of {session.name} ended: {error.message}"))
