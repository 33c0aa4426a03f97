"""When a sensor's program is started and ended: decided from what happened and what time it is. Pure.

`sensor` tells it what happens and carries out the step that it returns. It never gives up: after a failure the next start comes after a
pause that grows to a minute, for ever. Times are seconds of one clock that never jumps and counts suspend.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from attune_core.wire.sensors import SensorAssignment, SensorState

#: The first and the longest pause before another start; between half of it and all of it, so that sensors do not start in step.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
#: A program that ran so long was well: the pauses begin anew.
WELL_AFTER = 60.0
#: So much sooner than another agent may take it over, a sensor is ended here: three pings unheard, its grace, and room.
FAILOVER_MARGIN = 45.0


@dataclass(frozen=True, slots=True)
class Start:
    """Start it now."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End what runs."""

    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is to be done before this time, unless something happens."""

    until: float


Step: TypeAlias = Start | Stop | Wait


class _Program(Enum):
    NONE = auto()
    STARTING = auto()
    RUNNING = auto()
    STOPPING = auto()


def lease(assignment: SensorAssignment, silent: float) -> float | None:
    """Return how long it may run on when the controller was not heard for `silent` seconds; None: for ever."""
    return None if assignment.failover is None else max(0.0, assignment.failover - FAILOVER_MARGIN - silent)


class Supervision:
    """One sensor; without an assignment it is ended and not started again."""

    def __init__(self, assignment: SensorAssignment | None, due: float) -> None:
        """Begin with no program, the first start at `due`."""
        self.assignment = assignment
        #: Why this host does not run it; empty: it does.
        self.refusal = ""
        #: Lines, ends and starts that were wrong, starts after the first, and the last thing that was wrong.
        self.errors, self.restarts, self.last_error = 0, 0, ""
        self._program = _Program.NONE
        self._fingerprint = ""
        self._due = due
        self._failures = 0
        self._began = self._heard = due
        self._ever_started = False
        self._stopped_for = ""

    @property
    def idle(self) -> bool:
        """Whether no program runs or is about to."""
        return self._program is _Program.NONE

    def reassign(self, assignment: SensorAssignment | None, now: float) -> None:
        """Hear what is to be run now; another program is started at once, the same one goes on."""
        before, self.assignment = self.assignment, assignment
        if assignment is not None and (before is None or before.fingerprint != assignment.fingerprint):
            self._due, self._failures = now, 0

    def starting(self, now: float) -> None:
        """Hear that a start is being made."""
        self._program, self._began, self._heard = _Program.STARTING, now, now
        self._fingerprint = self.assignment.fingerprint if self.assignment is not None else ""
        self.restarts += self._ever_started and not self._polls
        self._ever_started = True
        if self._polls:
            self._due = now + self._every

    def running(self, now: float, fingerprint: str | None = None) -> None:
        """Hear that the program runs; with a fingerprint: since an earlier life of this agent."""
        self._program, self._heard = _Program.RUNNING, now
        if fingerprint is not None:
            self._fingerprint, self._began, self._ever_started = fingerprint, now, True

    def heard(self, now: float) -> None:
        """Hear that a line has come."""
        self._heard = now

    def stopping(self, why: str) -> None:
        """Hear that the program is being ended."""
        self._program, self._stopped_for = _Program.STOPPING, why

    def wrong(self, error: str, count: int = 1) -> None:
        """Count what was wrong; `error` is the last of it."""
        self.errors += count
        self.last_error = error

    def not_started(self, now: float, error: str, *, jitter: float) -> None:
        """Hear that nothing was started."""
        self._program = _Program.NONE
        self.wrong(error)
        self._back_off(now, jitter)

    def ended(self, now: float, error: str, *, jitter: float) -> None:
        """Hear that no process of it is left; `error` is empty for a poll that ended well. A stop for a change is no failure."""
        stopped, self._stopped_for = self._stopped_for, ""
        self._program = _Program.NONE
        if stopped and not self._is_failure(stopped):
            self._due = now
            return
        if now - self._began >= WELL_AFTER or not error:
            self._failures = 0
        if error or stopped:
            self.wrong(stopped or error)
            self._back_off(now, jitter)

    def step(self, now: float, *, closed: str = "", full: bool = False) -> Step:
        """Return what to do now; `closed`: why nothing may run, `full`: what it printed waits, so that it may be silent."""
        if self._program in (_Program.STARTING, _Program.STOPPING):
            return Wait(float("inf"))
        unwanted = self._unwanted(closed)
        if self._program is _Program.RUNNING:
            if unwanted:
                return Stop(unwanted)
            return self._watch(now, full=full)
        if unwanted or full:
            return Wait(float("inf"))
        return Start() if now >= self._due else Wait(self._due)

    def state(self, *, full: bool) -> SensorState:
        """Return the word for its status."""
        if self.refusal:
            return "refused"
        if full:
            return "blocked"
        if self._failures and (self._polls or self._program is _Program.NONE):
            return "backing_off"  # a poll is so until one has ended well
        if self._polls:
            return "polling"
        return "running" if self._program is _Program.RUNNING else "starting"

    def _unwanted(self, closed: str) -> str:
        """Return why it is not to run."""
        if self.assignment is None:
            return _NOT_ASSIGNED
        if self.refusal or closed:
            return _CLOSED
        if self._program is _Program.RUNNING and self._fingerprint != self.assignment.fingerprint:
            return _CHANGED
        return ""

    def _watch(self, now: float, *, full: bool) -> Step:
        silence = self.assignment.silence if self.assignment is not None and not self._polls else None
        if silence is None:
            return Wait(float("inf"))
        if full:
            self._heard = now
        until = self._heard + silence
        return Stop(f"it printed no line for {silence:g} s") if now >= until else Wait(until)

    def _is_failure(self, stopped: str) -> bool:
        return stopped not in (_NOT_ASSIGNED, _CLOSED, _CHANGED)

    def _back_off(self, now: float, jitter: float) -> None:
        self._failures += 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._failures - 1, 16)) * (0.5 + 0.5 * jitter)
        self._due = max(self._due, now + pause) if self._polls else now + pause

    @property
    def _polls(self) -> bool:
        return self.assignment is not None and self.assignment.mode == "poll"

    @property
    def _every(self) -> float:
        return (self.assignment.every if self.assignment is not None else None) or LONGEST_PAUSE


_NOT_ASSIGNED, _CLOSED, _CHANGED = "it is no longer assigned", "it may not run here now", "it has changed"
