"""A rate as one number per bucket: when it is full again. Pure; `admission` asks when the next start may be, `buckets` keeps the numbers.

A bucket of `limit` tokens that is refilled evenly over `per` holds what is missing until it is full: each start moves that by one token.
"""

from typing import NamedTuple

from attune_core.wire.assignment import Rate

#: Seconds below which a time is now: floats are not exact.
_NOTHING = 1e-6


class BucketKey(NamedTuple):
    """What is counted together: an action's starts of one rate key (canonical JSON)."""

    action: str
    key: str


class Token(NamedTuple):
    """What was taken: when its bucket was full before, and is full after."""

    before: float
    after: float


def next_start(full_at: float, rate: Rate, now: float) -> float:
    """Return when there is a token: 0 for now."""
    at = full_at + rate.per / rate.limit - rate.per
    return at if at > now + _NOTHING else 0.0


def after_start(full_at: float, rate: Rate, now: float) -> float:
    """Return when the bucket is full after a start now."""
    return max(full_at, now) + rate.per / rate.limit
