"""Which waiting executions an agent gets next: each of its queues gives one in turn, within its window.

Called by both stores' take_handovers; pure, so that fairness and windows are decided in one place and the stores only read and mark.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from attune_controller.store.records.executions import Execution
from attune_controller.store.records.queues import Handover


@dataclass
class Lane:
    """One queue as its turn comes: what waits in it (size of the input in bytes, execution) by sequence, and the rest of its window."""

    waiting: Iterator[tuple[int, Execution]]
    last_handed: int
    unstarted: int
    unstarted_bytes: int
    window: int
    window_bytes: int
    #: Takes what the fleet's rates count; what it refuses stays the head.
    admit: Callable[[Execution], bool] = lambda _: True
    _head: tuple[int, Execution] | None = None

    def give(self) -> Handover | None:
        """Return the next one, or None when nothing waits or fits; one larger than an empty window fits, or it would never go."""
        if self.unstarted >= self.window:
            return None
        self._head = self._head or next(self.waiting, None)
        if self._head is None:
            return None
        size, execution = self._head
        if (self.unstarted and self.unstarted_bytes + size > self.window_bytes) or not self.admit(execution):
            return None
        self._head = None
        after, self.last_handed = self.last_handed, execution.sequence
        self.unstarted += 1
        self.unstarted_bytes += size
        return Handover(execution=execution, after=after)


def deal(lanes: Iterable[Lane], limit: int) -> list[Handover]:
    """Return up to `limit` hand-overs, one of each lane per round; a lane is drawn only while there is a place left for its first."""
    dealt: list[Handover] = []
    turns = lanes
    while len(dealt) < limit:
        gave: list[Lane] = []
        for lane in turns:
            if handover := lane.give():
                dealt.append(handover)
                gave.append(lane)
                if len(dealt) >= limit:
                    return dealt
        if not gave:
            break
        turns = gave
    return dealt
