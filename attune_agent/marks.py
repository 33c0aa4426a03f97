"""Marks: whether this agent is paused or draining, as its operators said through the controller, and whether its own host pauses it.

Told by the uplink (welcome, frames) and by `app` (agent.yaml); the lanes ask it before each start. What operators said is stored, so
that it holds through a restart and while the controller is away; what the host says is read at each start.
"""

import asyncio
from collections.abc import Callable

import structlog

from attune_agent.state.port import AgentState
from attune_core.marks import Mark, told
from attune_core.safe_text import safe_text

_log = structlog.get_logger(__name__)

#: Characters of a note in the reason why a queue waits, which the wire bounds.
_SHORT = 100


class Marks:
    """What is said of this agent now."""

    def __init__(self, state: AgentState, *, paused: Mark | None, draining: Mark | None, host_pause: str = "") -> None:
        """Start with what is stored and what agent.yaml says."""
        self._state = state
        self.paused, self.draining, self.host_pause = paused, draining, host_pause
        #: Told that a start may be possible now that was not, or the other way round.
        self.changed: Callable[[], None] = _nobody
        #: Told that what is said is followed now: whoever said it wants to know.
        self.followed: Callable[[], None] = _nobody

    def closed(self) -> str:
        """Return why nothing new may start, "" when it may; a drain hinders no start."""
        if self.host_pause:
            return safe_text(f"paused by the host: {self.host_pause}", limit=_SHORT)
        return safe_text(told("paused", self.paused, note_limit=_SHORT)) if self.paused else ""

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

    def follow_host(self, note: str) -> None:
        """Take what agent.yaml says now."""
        if note != self.host_pause:
            self.host_pause = note
            _log.info("pause of the host", paused=safe_text(note) or "no")
            self.changed()
            self.followed()


def _warn(done: asyncio.Future[None]) -> None:
    if not done.cancelled() and done.exception() is not None:
        _log.warning("the marks are not on disk", error=str(done.exception()))


def _nobody() -> None:
    """Nobody listens yet."""
