"""Turns at a bucket: queues whose head waits for a token of one rate, so that a token wakes the one whose turn it is and not all of them.

Used by the lanes. Whoever leaves the front names the next one, which is then to be looked at: a turn is never lost.
"""

from collections import OrderedDict

from attune_agent.rate import BucketKey
from attune_agent.state.records import QueueKey


class Turns:
    """Who waits for what, in the order of coming."""

    def __init__(self) -> None:
        self._waits_for: dict[QueueKey, BucketKey] = {}
        self._lines: dict[BucketKey, OrderedDict[QueueKey, None]] = {}

    def wait(self, queue: QueueKey, bucket: BucketKey) -> QueueKey | None:
        """Stand in line, at the place it has or at the end; returns who is first now in a line that it has left for this one."""
        if self._waits_for.get(queue) == bucket:
            return None
        left = self.leave(queue)
        self._waits_for[queue] = bucket
        self._lines.setdefault(bucket, OrderedDict())[queue] = None
        return left

    def leave(self, queue: QueueKey) -> QueueKey | None:
        """Leave the line; returns who is first now, if it was."""
        bucket = self._waits_for.pop(queue, None)
        if bucket is None:
            return None
        line = self._lines[bucket]
        was_first = next(iter(line)) == queue
        del line[queue]
        if not line:
            del self._lines[bucket]
            return None
        return next(iter(line)) if was_first else None

    def first(self, queue: QueueKey) -> bool:
        """Tell whether one that stands in a line is its first."""
        return next(iter(self._lines[self._waits_for[queue]])) == queue
