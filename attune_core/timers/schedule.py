"""When a timer is due: every so often, by a cron expression in a zone, or at given moments; within a start and an end.

Made by the catalog of a timer's document; followed by the controller's timers and by `attune timer next`. Moments are whole seconds of the
epoch, and depend on nothing but the document: a restart, another machine and another time to ask give the same.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from zoneinfo import ZoneInfo

from attune_core.timers.cron import Cron
from attune_core.timers.wall_clock import LAST, next_match

#: The first look back for what was due last, seconds; each further one is twice as long.
_LOOK_BACK = 3600


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One of `every` (seconds), `cron` (with its zone) and `at`; `start` and `end` belong to it."""

    every: int = 0
    cron: Cron | None = None
    zone: ZoneInfo | None = None
    at: tuple[int, ...] = ()
    start: int | None = None
    end: int | None = None

    def after(self, moment: int) -> int | None:
        """Return when it is due first after a moment; None: never again."""
        if self.start is not None:
            moment = max(moment, self.start - 1)
        if moment >= (LAST if self.end is None else self.end):
            return None
        found = self._after(moment)
        return None if found is None or found > (LAST if self.end is None else self.end) else found

    def between(self, after: int, until: int) -> Iterator[int]:
        """Yield when it is due, after one moment and up to another."""
        while (found := self.after(after)) is not None and found <= until:
            yield found
            after = found

    def last(self, after: int, until: int, count: int) -> tuple[int, ...]:
        """Return the last `count` times between two moments, without going through all that are before them."""
        after = after if self.start is None else max(after, self.start - 1)
        until = until if self.end is None else min(until, self.end)
        if self.at:
            return self.at[bisect_right(self.at, after) : bisect_right(self.at, until)][-count:]
        back = _LOOK_BACK
        while until - back > after:
            if len(found := tuple(self.between(until - back, until))) >= count:
                return found[-count:]
            back *= 2
        return tuple(self.between(after, until))[-count:]

    def first(self, count: int) -> tuple[int, ...]:
        """Return the first times since its start, or since 2026: enough to judge a document by."""
        return tuple(islice(self.between(self.at[0] - 1 if self.at else _SOME_TIME, LAST), count))

    def _after(self, moment: int) -> int | None:
        if self.every:
            begin = self.start or 0  # so that an interval is due at the same times whoever counts, and whenever he began
            return begin + ((moment - begin) // self.every + 1) * self.every
        if self.cron is not None and self.zone is not None:
            return next_match(self.cron, self.zone, moment)
        place = bisect_right(self.at, moment)
        return self.at[place] if place < len(self.at) else None


#: 2026-01-01T00:00:00Z.
_SOME_TIME = 1_767_225_600
