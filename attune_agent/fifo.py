"""The queues of this agent in memory: strict FIFOs of unsettled executions, each in (epoch, sequence) order, and what is held of them.

Filled by the inbox and by recovery, moved by the ledger, read by the lanes; every change tells the listener which queue it was.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from attune_agent.state.records import Held, Item, QueueKey, is_small


class Fifo:
    """What is in hand. Nothing here looks at a clock or changes an order: a position is taken once, at `append`."""

    def __init__(self, held: Sequence[Held] = (), items: Iterable[Item] = ()) -> None:
        """Start from what the disk holds; items come in (queue, epoch, sequence) order."""
        self._last: dict[tuple[QueueKey, int], int] = {(one.queue, one.epoch): one.last for one in held}
        self._epoch: dict[QueueKey, int] = {}
        for one in held:
            self._epoch[one.queue] = max(one.epoch, self._epoch.get(one.queue, 0))
        self._queues: dict[QueueKey, OrderedDict[str, Item]] = {}  # a dict would look for its head among all that has left
        self._active: Counter[QueueKey] = Counter()
        self._where: dict[str, QueueKey] = {}
        self.changed: Callable[[QueueKey], None] = _nobody
        #: Told of each execution that comes, before `changed`.
        self.appended: Callable[[Item], None] = _nobody
        for item in items:
            self._put(item)

    def last(self, queue: QueueKey, epoch: int) -> int:
        """Return the last sequence taken of that queue and epoch, 0 for none."""
        return self._last.get((queue, epoch), 0)

    def epoch(self, queue: QueueKey) -> int:
        """Return the highest epoch known of that queue, 0 for none."""
        return self._epoch.get(queue, 0)

    def held(self) -> Iterator[Held]:
        """Yield what is held of every queue and epoch."""
        for (queue, epoch), last in self._last.items():
            yield Held(queue=queue, epoch=epoch, last=last)

    def append(self, item: Item) -> None:
        """Put an execution at the end of its queue; the inbox has checked that this is its place."""
        self._last[item.queue, item.epoch] = item.sequence
        self._epoch[item.queue] = item.epoch
        self._put(item)
        self.appended(item)
        self.changed(item.queue)

    def retract(self, queue: QueueKey, epoch: int, last: int) -> Sequence[Item]:
        """Take back what came after `last` and could not be stored, and return it."""
        self._last[queue, epoch] = last
        retracted = [one for one in self.waiting(queue).values() if one.epoch == epoch and one.sequence > last]
        for one in retracted:
            self.remove(one.execution)
        return retracted

    def item(self, execution: str) -> Item | None:
        """Return an unsettled execution."""
        queue = self._where.get(execution)
        return None if queue is None else self._queues[queue][execution]

    def replace(self, item: Item) -> None:
        """Store its next condition; its place stays. One that is settled or retracted meanwhile stays gone."""
        if item.execution not in self._where:
            return
        waiting = self._queues[item.queue]
        before, waiting[item.execution] = waiting[item.execution], item
        self._active[item.queue] += item.active - before.active
        if _standing(before) != _standing(item):
            self.changed(item.queue)

    def stored(self, execution: str) -> None:
        """Its body is on disk: a large one need not stay in memory while it waits."""
        item = self.item(execution)
        if item is not None and item.assign is not None and not item.active and not is_small(item.assign):
            self._queues[item.queue][execution] = replace(item, assign=None)

    def remove(self, execution: str) -> None:
        """Let go of a settled execution."""
        queue = self._where.pop(execution, None)
        if queue is None:
            return
        waiting = self._queues[queue]
        self._active[queue] -= waiting.pop(execution).active
        if not waiting:
            del self._queues[queue], self._active[queue]
        self.changed(queue)

    def waiting(self, queue: QueueKey) -> Mapping[str, Item]:
        """Return the unsettled executions of a queue in their order."""
        return self._queues.get(queue, {})

    def has_room(self, item: Item, limit: int) -> bool:
        """Tell whether an active one stands among the first `limit` of its queue and no more than that are active."""
        return self._active[item.queue] <= limit and item.execution in islice(self.waiting(item.queue), limit)

    def active(self, queue: QueueKey) -> int:
        """Return how many of a queue are active."""
        return self._active[queue]

    def queues(self) -> Sequence[QueueKey]:
        """Return the queues with unsettled executions."""
        return list(self._queues)

    def items(self) -> Iterator[Item]:
        """Yield all unsettled executions, queue by queue."""
        for waiting in self._queues.values():
            yield from waiting.values()

    def __len__(self) -> int:
        return len(self._where)

    def _put(self, item: Item) -> None:
        self._queues.setdefault(item.queue, OrderedDict())[item.execution] = item
        self._active[item.queue] += item.active
        self._where[item.execution] = item.queue


def _standing(item: Item) -> tuple[object, ...]:
    """Return what admission looks at; nobody need look again for the rest, such as which executor is asked."""
    return item.active, item.first, item.ever_started, item.ready_at, item.note, item.cancel, item.bucket, item.accepted_at


def _nobody(_said: object) -> None:
    """Nobody listens yet."""
