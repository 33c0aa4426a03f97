"""The gate between a program and its ports: what it may still do, and where it may be made to die.

Every port calls `reach` before it has an effect and again before it tells of it, so a program can die at any await point, also between a
commit and its acknowledgement. A dead program reaches nothing.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.loop import Program


@dataclass
class Points:
    """Where programs can be made to die: each point by its name, and how often it was reached and was deadly."""

    reached: Counter[str] = field(default_factory=Counter)
    deadly: Counter[str] = field(default_factory=Counter)
    #: Whoever comes to one of these first dies there.
    traps: dict[str, None] = field(default_factory=dict)


class Life:
    """One life of one program."""

    def __init__(self, program: Program, points: Points) -> None:
        self.program, self._points = program, points
        program.reach = self.reach
        #: Die at this many points from now on; None: go on living.
        self.countdown: int | None = None

    @property
    def alive(self) -> bool:
        return self.program.alive

    def reach(self, point: str) -> None:
        """Go past a point, or die at it; the dead go nowhere."""
        if not self.program.alive:
            raise asyncio.CancelledError
        self._points.reached[point] += 1
        if self.countdown is not None:
            self.countdown -= 1
        if self.countdown == 0 or point in self._points.traps:
            self._points.traps.pop(point, None)
            self._points.deadly[point] += 1
            self.program.kill()
            raise asyncio.CancelledError
