"""The course of one attempt from running to over: when to ask its tree to end, when to kill it, when it is over. Pure.

`attempt` feeds it what happened and carries out the step it returns. It is over when no process of the tree is left, not when a pipe
closes; after a natural end, whoever still holds a pipe has two seconds (reliability.md rows 67, 68, 75).
"""

from enum import Enum, auto
from math import inf
from typing import Literal

DRAIN = 2.0
#: After so long in vain, processes that cannot be killed become a condition that is told.
ALARM = 10.0


class Step(Enum):
    """What is to be done now."""

    WAIT = auto()
    TERMINATE = auto()
    KILL = auto()
    COLLECT = auto()


class _Phase(Enum):
    RUNNING = auto()
    TERMINATING = auto()
    DRAINING = auto()
    KILLING = auto()
    OVER = auto()


class Course:
    """Times are seconds on one clock that never jumps."""

    def __init__(self, now: float, timeout: float, grace: float) -> None:
        self._phase = _Phase.RUNNING
        self._deadline = now + timeout
        self._grace = grace
        self._main_ended = False
        self._asked = False
        self._killing_since = inf
        self._pause = 0.02
        self.cause: Literal["timed_out", "cancelled"] | None = None
        #: When `step` is to be called again although nothing happened.
        self.wake_at = self._deadline

    def main_ended(self) -> None:
        """Hear that the main process has ended."""
        self._main_ended = True

    def stop(self, now: float, grace: float) -> None:
        """Hear that the attempt is to be cancelled; after its end this only shortens the wait for what is left."""
        if self._phase is _Phase.RUNNING and not self._main_ended:
            self.cause = "cancelled"
            self._begin_terminating(now, grace)
        elif self._phase is _Phase.TERMINATING:
            self.wake_at = min(self.wake_at, now + grace)
        elif self._phase in (_Phase.RUNNING, _Phase.DRAINING):
            self._phase, self.wake_at = _Phase.DRAINING, now

    @property
    def over(self) -> bool:
        """Whether no process of the tree is left."""
        return self._phase is _Phase.OVER

    def kill_failed(self, now: float) -> bool:
        """Tell whether something of the tree survives killing."""
        return self._phase is _Phase.KILLING and now - self._killing_since >= ALARM

    def step(self, now: float, *, pipes_held: bool, tree_empty: bool) -> Step:
        """Return what to do now; after KILL it is asked again once the dead are reaped."""
        if self._phase is _Phase.RUNNING:
            self._leave_running(now)
        if self._asked:
            self._asked = False
            return Step.TERMINATE
        waited_enough = tree_empty or now >= self.wake_at
        if (self._phase is _Phase.TERMINATING and waited_enough) or (self._phase is _Phase.DRAINING and (waited_enough or not pipes_held)):
            self._phase, self._killing_since = _Phase.KILLING, now
            return self._kill(now)
        if self._phase is _Phase.KILLING:
            if tree_empty:
                self._phase, self.wake_at = _Phase.OVER, inf
            elif now >= self.wake_at:
                return self._kill(now)
        return Step.COLLECT if self._phase is _Phase.OVER else Step.WAIT

    def _leave_running(self, now: float) -> None:
        if self._main_ended:
            self._phase, self.wake_at = _Phase.DRAINING, now + DRAIN
        elif now >= self._deadline:
            self.cause = "timed_out"
            self._begin_terminating(now, self._grace)

    def _begin_terminating(self, now: float, grace: float) -> None:
        self._phase, self._asked, self.wake_at = _Phase.TERMINATING, True, now + grace

    def _kill(self, now: float) -> Step:
        self.wake_at = now + self._pause
        self._pause = min(1.0, self._pause * 2)
        return Step.KILL
