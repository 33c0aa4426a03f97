"""Buckets: the rates that all agents share, counted where executions are handed over; pure.

Used by both stores inside take_handovers. A bucket holds up to `limit` tokens and gets them back evenly over `per`; a hand-over takes one.
The wall clock only says how long ago that was: a clock that was set back or far ahead gives at most one full bucket, and never takes any.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from attune_controller.store.dealing import Lane
from attune_controller.store.records.executions import Execution, QueueKey
from attune_controller.store.records.queues import Bucket, Terms
from attune_core.wire.assignment import Rate

#: What rounding may leave of a whole token.
_WHOLE = 1 - 1e-6


@dataclass
class Buckets:
    """Those that one take draws from: `read` returns a stored one by (action, key)."""

    read: Callable[[str, str], Bucket | None]
    terms: Mapping[str, Terms]
    now: float
    #: What is to be stored.
    drawn: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    #: The queues whose next one waits for a token, and when that comes.
    held: dict[QueueKey, float] = field(default_factory=dict)

    def admitting(self, lanes: Iterable[Lane]) -> Iterator[Lane]:
        """Let lanes give only what has a token."""
        for lane in lanes:
            lane.admit = self.admit
            yield lane

    def admit(self, execution: Execution) -> bool:
        """Take a token for an execution; False when there is none."""
        new = execution.new
        rate = self.terms.get(new.action, Terms()).rate
        if rate is None:
            return True
        key = new.action, new.rate_key or new.key
        bucket = self.drawn[key] = refilled(self.drawn.get(key) or self.read(*key), rate, self.now)
        if bucket.tokens < _WHOLE:
            self.held[execution.queue] = self.now + (1 - bucket.tokens) * rate.per / rate.limit
            return False
        self.drawn[key] = Bucket(tokens=bucket.tokens - 1, at=self.now)
        return True


def refilled(bucket: Bucket | None, rate: Rate, now: float) -> Bucket:
    """Return a bucket as it is now; one that was never drawn from is full."""
    if bucket is None:
        return Bucket(tokens=rate.limit, at=now)
    gone = min(max(now - bucket.at, 0.0), rate.per)
    return Bucket(tokens=min(bucket.tokens + gone * rate.limit / rate.per, rate.limit), at=now)
