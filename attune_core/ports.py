"""Two of the five ports behind which simulation can stand: Clock and Random (Store, Link and Host live with their owners).

Composition roots pass the System implementations; decision code takes plain numbers and never sees a port.
"""

import asyncio
import secrets
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as the programs see it."""

    def now(self) -> float:
        """Wall clock, seconds since the epoch: for labels, certificates and webhook stamps, never for order."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump, counting suspend (CLOCK_BOOTTIME): for timeouts and waits."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        ...


class Random(Protocol):
    """Where unpredictable bytes come from."""

    def bytes(self, count: int) -> bytes:
        """Return that many random bytes."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """Return a number between the two, for jitter."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return the wall clock."""
        return time.time()

    def monotonic(self) -> float:
        """Return boot time, so that a suspended host does not stretch a limit."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    async def sleep(self, seconds: float) -> None:
        """Sleep on the event loop."""
        await asyncio.sleep(seconds)


class SystemRandom:
    """The kernel's generator."""

    def bytes(self, count: int) -> bytes:
        """Return bytes fit for keys and tokens."""
        return secrets.token_bytes(count)

    def uniform(self, low: float, high: float) -> float:
        """Return jitter."""
        return low + (high - low) * (int.from_bytes(secrets.token_bytes(7), "big") / (1 << 56))


def rfc3339(seconds: float) -> str:
    """Render a wall-clock time as the API does: UTC with microseconds and `Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
