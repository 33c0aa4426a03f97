"""Recent: how often things happened in each of the last STEPS times STEP seconds; counted as they happen, in memory.

Told by `tally`, read by the overview. What was before the start of the controller is not known.
"""

from collections import deque

from attune_core.ports import Clock
from attune_core.wire.overview import STEP, STEPS


class Recent:
    """A series of counts; a step that is over never changes."""

    def __init__(self, clock: Clock) -> None:
        """Begin now."""
        self._clock, self._began = clock, clock.monotonic()
        self._step = int(self._began // STEP)
        self._counts = deque([0] * STEPS, maxlen=STEPS)

    def add(self) -> None:
        """Count one."""
        self._move_on()
        self._counts[-1] += 1

    def series(self) -> list[int]:
        """Return the counts, the oldest first; the last step is under way."""
        self._move_on()
        return list(self._counts)

    def rate(self) -> float:
        """Return how many there were a second, over about a minute, or since the start."""
        self._move_on()
        now, steps = self._clock.monotonic(), 60 // STEP
        seconds = min(now - self._began, (steps - 1) * STEP + now % STEP)
        return sum(list(self._counts)[-steps:]) / max(seconds, 1.0)

    def _move_on(self) -> None:
        step = int(self._clock.monotonic() // STEP)
        if step > self._step:
            self._counts.extend([0] * min(step - self._step, STEPS))
            self._step = step
