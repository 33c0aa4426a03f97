"""The buckets of all rates that are not full, by the boot clock; a restart restores them from the wall clock, which is only a hint.

The lanes take a token for every attempt they admit; the ledger stores what is taken in the commit before an executor is asked.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from attune_agent.rate import BucketKey, Token, after_start
from attune_agent.state.records import Spent
from attune_core.ports import Clock
from attune_core.wire.assignment import Rate

#: Buckets kept before those that are full again are let go of.
_KEPT = 1024


class Buckets:
    """A bucket that is not here is full."""

    def __init__(self, clock: Clock, stored: Iterable[Spent] = ()) -> None:
        """Start with what is stored; whatever the wall clock says, no bucket lacks more than it did then."""
        self._clock = clock
        wall, monotonic = clock.now(), clock.monotonic()
        self._full_at = {one.bucket: monotonic + min(one.full_at - wall, one.full_at - one.now) for one in stored}
        self._keep = _KEPT

    @property
    def full_at(self) -> Mapping[BucketKey, float]:
        """When each is full again, Clock.monotonic()."""
        return MappingProxyType(self._full_at)

    def follow(self, rate_of: Callable[[str], Rate | None]) -> None:
        """Take the rates of actions that hold now: nothing is missing longer than its new `per`."""
        longest = {bucket: rate.per for bucket in self._full_at if (rate := rate_of(bucket.action)) is not None}
        now = self._clock.monotonic()
        self._full_at |= {bucket: min(self._full_at[bucket], now + per) for bucket, per in longest.items()}

    def take(self, bucket: BucketKey, rate: Rate) -> Token:
        """Take one token; admission has seen that it is there."""
        now = self._clock.monotonic()
        if len(self._full_at) >= self._keep:
            self._full_at = {one: full_at for one, full_at in self._full_at.items() if full_at > now}
            self._keep = max(_KEPT, 2 * len(self._full_at))
        before = self._full_at.get(bucket, 0.0)
        after = self._full_at[bucket] = after_start(before, rate, now)
        return Token(before=before, after=after)

    def give_back(self, bucket: BucketKey, token: Token) -> None:
        """Give back the token of an attempt that does not start now, unless another one was taken since: then it may be refilled.

        What is stored of it stays, which only waits longer.
        """
        if self._full_at.get(bucket) == token.after:
            self._full_at[bucket] = token.before

    def spent(self, bucket: BucketKey) -> Spent | None:
        """Return what is to be stored of it; None when it is full."""
        if (full_at := self._full_at.get(bucket)) is None:
            return None
        wall = self._clock.now()
        return Spent(bucket, full_at=wall + full_at - self._clock.monotonic(), now=wall)
