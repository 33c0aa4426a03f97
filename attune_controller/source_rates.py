"""Source rates: how many events a second are taken from one source, by token buckets in memory; what is more is refused with 429.

Asked by intake for each event from outside; the settings name sources and their rates. A bucket holds ten seconds' worth, so that a burst
of a sender that is quiet otherwise is taken. So many sources are remembered; when all of those are busy, further ones share a bucket.
"""

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from attune_controller.bounds import Bound
from attune_controller.errors import SourceTooFast
from attune_core.ports import Clock

#: Sources remembered, seconds' worth of tokens in a full bucket.
KNOWN, BURST = 4096, 10.0
#: Sources of the controller's own, which the rate of all others does not hold back.
_OWN = ("attune:api", "attune:timers/")


#: The bucket of all that have none of their own.
_REST = ""


@dataclass
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """One bucket a key, bounded; the time is monotonic."""

    def __init__(self, known: int = KNOWN) -> None:
        """Begin with full ones."""
        self.known = known
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._buckets) - (_REST in self._buckets)

    def take(self, key: str, *, rate: float, most: float, now: float) -> float:
        """Take a token and return 0, or return in how many seconds there is one."""
        if key not in self._buckets and len(self) >= self.known:
            self._forget_full(now, rate, most)
            if len(self) >= self.known:
                key = _REST
        bucket = self._buckets.setdefault(key, _Bucket(tokens=most, at=now))
        bucket.tokens, bucket.at = min(bucket.tokens + (now - bucket.at) * rate, most), now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / rate
        bucket.tokens -= 1
        self._buckets.move_to_end(key)
        return 0.0

    def _forget_full(self, now: float, rate: float, most: float) -> None:
        """Forget, from the one on that was used longest ago, those that are as good as new."""
        while self._buckets:
            key, bucket = next(iter(self._buckets.items()))
            if bucket.tokens + (now - bucket.at) * rate < most:
                return
            del self._buckets[key]


class SourceRates:
    """The rates of the settings: of one source, of all that begin like a key that ends with `*`, and of all others."""

    def __init__(self, clock: Clock) -> None:
        """Hold nobody back until rates are set."""
        self._clock = clock
        self._default: float | None = None
        self._exact: dict[str, float] = {}
        self._beginnings: list[tuple[str, float]] = []
        self.buckets = Buckets()

    def set(self, default: float | None, sources: Mapping[str, float]) -> None:
        """Take the settings; of several beginnings the longest counts."""
        self._default = default
        self._exact = {source: rate for source, rate in sources.items() if not source.endswith("*")}
        beginnings = [(source[:-1], rate) for source, rate in sources.items() if source.endswith("*")]
        self._beginnings = sorted(beginnings, key=lambda one: -len(one[0]))

    def bounds(self) -> tuple[Bound, ...]:
        """Say how many sources are told apart."""
        return (Bound(name="sources", depth=len(self.buckets), limit=self.buckets.known),)

    def check(self, source: str) -> None:
        """Let one more event of a source in; `SourceTooFast` says when to come back."""
        rate = self._rate(source)
        if rate is None:
            return
        wait = self.buckets.take(source, rate=rate, most=max(rate * BURST, 1.0), now=self._clock.monotonic())
        if wait:
            error = SourceTooFast(f"more than {rate:g} events a second came from {source[:200]}")
            error.retry_after = max(1, math.ceil(wait))
            raise error

    def _rate(self, source: str) -> float | None:
        if (rate := self._exact.get(source)) is not None:
            return rate
        for beginning, rate in self._beginnings:
            if source.startswith(beginning):
                return rate
        return None if source.startswith(_OWN) else self._default
