"""Window: what one agent was handed and has not started, by queue; tells whether a start may have made room for more.

Kept per session by dispatch, asked by reports: without it every start and every end would cost a look into the store for nothing. The
window itself is the store's to keep (`take_handovers`); this only errs towards looking once too often.
"""

from collections.abc import Iterable

from attune_controller.store.records.executions import QueueKey
from attune_core.wire.assignment import WINDOW_BYTES, WINDOW_EXECUTIONS
from attune_core.wire.session import FRAME_LIMIT


class Window:
    """Executions handed over and not started."""

    def __init__(self) -> None:
        """Begin empty."""
        self._unstarted: dict[str, tuple[QueueKey, int]] = {}
        self._totals: dict[QueueKey, tuple[int, int]] = {}

    def handed(self, execution: str, queue: QueueKey, size: int) -> None:
        """Count an execution of about `size` bytes; one that was counted is not counted again."""
        if execution in self._unstarted:
            return
        self._unstarted[execution] = queue, size
        count, total = self._totals.get(queue, (0, 0))
        self._totals[queue] = count + 1, total + size

    def started(self, executions: Iterable[str]) -> bool:
        """Take off what started or ended; True when a queue of these was so full that something may have waited for it."""
        crowded = False
        for execution in executions:
            crowded |= self._take_off(execution)
        return crowded

    def _take_off(self, execution: str) -> bool:
        known = self._unstarted.pop(execution, None)
        if known is None:
            return False
        queue, size = known
        count, total = self._totals[queue]
        if count == 1:
            del self._totals[queue]
        else:
            self._totals[queue] = count - 1, total - size
        return count >= WINDOW_EXECUTIONS or total + FRAME_LIMIT >= WINDOW_BYTES
