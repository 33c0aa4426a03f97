"""Which waiting executions an agent gets next: each of its queues gives one in turn, within its window.

Called by both stores' take_handovers; pure, so that fairness and windows are decided in one place and the stores only read and mark.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from attune_controller.store.records import Execution, Handover


@dataclass
class Lane:
    """One queue as its turn comes: what waits in it (size of the input in bytes, execution) by sequence, and the rest of its window."""

    waiting: Iterator[tuple[int, Execution]]
    last_handed: int
    unstarted: int
    unstarted_bytes: int
    window: int
    window_bytes: int
    _head: tuple[int, Execution] | None = None

    def has_room(self) -> bool:
        """Tell whether the next one exists and fits; one larger than the whole window fits into an empty one, or it would never go."""
        if self.unstarted >= self.window:
            return False
        if self._head is None:
            self._head = next(self.waiting, None)
        return self._head is not None and (self.unstarted == 0 or self.unstarted_bytes + self._head[0] <= self.window_bytes)

    def give(self) -> Handover:
        """Take the head, which `has_room` looked at."""
        assert self._head is not None
        size, execution = self._head
        self._head = None
        after, self.last_handed = self.last_handed, execution.sequence
        self.unstarted += 1
        self.unstarted_bytes += size
        return Handover(execution=execution, after=after)


def deal(lanes: Iterable[Lane], limit: int) -> list[Handover]:
    """Return up to `limit` hand-overs, one of each lane per round; lanes are drawn only while there is a place left for their first."""
    dealt: list[Handover] = []
    going: list[Lane] = []
    for lane in lanes:
        if len(dealt) >= limit:
            break
        if lane.has_room():
            dealt.append(lane.give())
            going.append(lane)
    while going and len(dealt) < limit:
        going = [lane for lane in going if lane.has_room()]
        for lane in going[: limit - len(dealt)]:
            dealt.append(lane.give())  # noqa: PERF401 - give() changes the lane, which a comprehension would hide
    return dealt
