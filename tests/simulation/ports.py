"""The ports Clock and Random of one program: virtual time with a wall clock that can be wrong, and bytes from the seed.

Given to the real parts by `controller` and `agent`.
"""

import asyncio
import random

from tests.simulation.loop import VirtualLoop

#: The wall clock when a simulation begins, seconds of the epoch.
EPOCH = 1_700_000_000.0


class WallClock:
    """One host's wall clock; it survives its programs."""

    def __init__(self) -> None:
        self.ahead = 0.0


class SimulatedClock:
    """The loop's time, and the host's opinion of the date."""

    def __init__(self, loop: VirtualLoop, wall: WallClock) -> None:
        self._loop, self._wall = loop, wall

    def now(self) -> float:
        return EPOCH + self._loop.time() + self._wall.ahead

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SimulatedRandom:
    """The same bytes in every run of a seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)
