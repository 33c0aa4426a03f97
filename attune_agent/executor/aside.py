"""Short work in a process of its own, so that the executor's loop never waits for a disk: emptying, removing, pruning.

`slots`, `leftovers` and `log_retention` use it. The child keeps none of the executor's descriptors: its lock must not outlive it there.
"""

import os
from collections.abc import Callable

from attune_agent.executor.confine import plain_signals


def fork_aside(work: Callable[[], None]) -> int:
    """Run the work in a forked child and return its pid; it exits 0 if the work returned, 1 if it raised."""
    pid = os.fork()
    if pid == 0:
        try:
            plain_signals()
            os.closerange(3, 1 << 30)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return pid
