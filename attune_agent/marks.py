"""Marks: what operators said through the controller of this agent (paused, draining) and of its queues, and what its own host says.

Told by the uplink (welcome, frames) and by `app` (agent.yaml); the lanes ask it before each start. What operators said is stored, so
that it holds through a restart and while the controller is away; what the host says is read at each start.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from attune_agent.state.port import AgentState
from attune_agent.state.records import QueueKey
from attune_core.marks import Mark, told
from attune_core.safe_text import safe_text
from attune_core.wire.stream_frames import HoldQueue

_log = structlog.get_logger(__name__)

#: Characters of a note in the reason why a queue waits, which the wire bounds.
_SHORT = 100


class Marks:
    """What is said of this agent now."""

    def __init__(
        self,
        state: AgentState,
        *,
        paused: Mark | None,
        draining: Mark | None,
        holds: Sequence[HoldQueue] = (),
        host_pause: str = "",
    ) -> None:
        """Start with what is stored and what agent.yaml says."""
        self._state = state
        self.paused, self.draining, self.host_pause = paused, draining, host_pause
        self._holds = tuple(holds)
        self._held = _by_queue(holds)
        #: Told that a start may be possible now that was not, or the other way round.
        self.changed: Callable[[], None] = _nobody
        #: Told that what is said is followed now: whoever said it wants to know.
        self.followed: Callable[[], None] = _nobody

    def closed(self, queue: QueueKey) -> str:
        """Return why nothing new of a queue may start, "" when it may; a drain hinders no start."""
        if self.host_pause:
            return safe_text(f"paused by the host: {self.host_pause}", limit=_SHORT)
        if self.paused:
            return safe_text(told("paused", self.paused, note_limit=_SHORT))
        for what, key in (("its action is paused", None), ("its queue is paused", queue.key)):
            if mark := self._held.get((queue.action, key)):
                return safe_text(told(what, mark, note_limit=_SHORT))
        return ""

    def follow(self, *, paused: Mark | None, draining: Mark | None) -> None:
        """Take what operators say; it holds at once, and is stored."""
        if (paused, draining) == (self.paused, self.draining):
            return
        self.paused, self.draining = paused, draining
        self._state.set_marks(paused, draining).add_done_callback(_warn)  # they come again with the next welcome
        for what, mark in (("paused", paused), ("draining", draining)):
            _log.info("mark", **{what: safe_text(told(what, mark)) if mark else "no"})
        self.changed()
        self.followed()

    def hold(self, holds: Sequence[HoldQueue]) -> None:
        """Take which queues are paused, in place of those before; it holds at once, and is stored."""
        if tuple(holds) == self._holds:
            return
        self._holds, self._held = tuple(holds), _by_queue(holds)
        self._state.set_holds(self._holds).add_done_callback(_warn)  # they come again with the next welcome
        _log.info("paused queues", count=len(self._holds))
        self.changed()
        self.followed()

    def follow_host(self, note: str) -> None:
        """Take what agent.yaml says now."""
        if note != self.host_pause:
            self.host_pause = note
            _log.info("pause of the host", paused=safe_text(note) or "no")
            self.changed()
            self.followed()


def _by_queue(holds: Sequence[HoldQueue]) -> dict[tuple[str, str | None], Mark]:
    return {(hold.action, hold.key): hold.mark for hold in holds}


def _warn(done: asyncio.Future[None]) -> None:
    if not done.cancelled() and done.exception() is not None:
        _log.warning("the marks are not on disk", error=str(done.exception()))


def _nobody() -> None:
    """Nobody listens yet."""
