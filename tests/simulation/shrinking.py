"""Makes a failure small: leaves out faults, many at a time and then one by one, as long as a promise is still broken.

Called by `__main__` with --shrink.
"""

from collections.abc import Callable, Sequence

from tests.simulation.faults import Fault


def shrink(faults: Sequence[Fault], breaks: Callable[[Sequence[Fault]], bool]) -> Sequence[Fault]:
    """Return faults of which none can be left out; the first ones are known to break a promise."""
    needed, size = list(faults), max(len(faults) // 2, 1)
    while True:
        start = 0
        while start < len(needed):
            fewer = needed[:start] + needed[start + size :]
            if breaks(fewer):
                needed = fewer
            else:
                start += size
        if size == 1:
            return needed
        size //= 2
