"""Agenda: which timer is to be looked at when, and how far each was followed; in memory, for the loop that follows them.

Made by `following` from the active revision and the store. What it decides holds only once it is stored: until `settle` a timer's progress
is what it was.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from attune_controller.store.records.timers import Progress
from attune_core.catalog.catalog import Timer
from attune_core.timers.ticking import GRACE, Tick, judge, next_firing

#: Due times that are gone through in one go, so that a clock that was set forward by years holds up nobody.
MOST_LOOKED = 2000


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of a timer's due times now: its ticks, and its progress once they are stored."""

    timer: Timer
    ticks: tuple[Tick, ...]
    progress: Progress


class Agenda:
    """The timers of one revision by the moment at which each is to be looked at."""

    def __init__(self, timers: Mapping[str, Timer], known: Mapping[str, Progress], now: float) -> None:
        """Take the timers and what is stored of them; what is new, or has another schedule, is followed from now on."""
        self._timers = timers
        self._progress = {ref: known[ref] for ref, timer in timers.items() if ref in known and known[ref].declared == timer.declared}
        self.fresh = [_begin(timer, known.get(ref), now) for ref, timer in timers.items() if ref not in self._progress]
        self.gone = [ref for ref in known if ref not in timers]
        self._progress |= {one.timer: one for one in self.fresh}
        self._moments: list[tuple[float, str]] = []
        self._latest = now
        self._arrange(now)

    @property
    def next_at(self) -> float | None:
        """Return when something is to be done first, wall clock; None: never."""
        return self._moments[0][0] if self._moments else None

    def look(self, now: float) -> None:
        """Take note of the time; a clock that was set back by more than a moment lets the times come again that it had passed over.

        Those that became ticks are known to the store, which takes each once.
        """
        if now < self._latest - GRACE:
            self._latest = now
            self._arrange(now)
        self._latest = max(self._latest, now)

    def decide(self, now: float, limit: int) -> Sequence[Decision]:
        """Take the timers that are due, at most so many, and say what becomes of each; they come back with `settle` or `put_back`."""
        found: list[Decision] = []
        looked = 0
        while self._moments and self._moments[0][0] <= now and len(found) < limit and looked < MOST_LOOKED:
            _, ref = heapq.heappop(self._moments)
            timer, before = self._timers[ref], self._progress[ref]
            verdict = judge(timer, done=before.done, missed=before.missed, now=now)
            looked += verdict.looked
            passed = max(0, sum(tick.missed for tick in verdict.ticks) + verdict.missed - before.missed)
            last = verdict.ticks[-1].due if verdict.ticks else before.last
            progress = replace(before, done=verdict.done, last=last, missed=verdict.missed, missed_in_all=before.missed_in_all + passed)
            found.append(Decision(timer=timer, ticks=verdict.ticks, progress=progress))
        return found

    def settle(self, decisions: Iterable[Decision]) -> None:
        """Take note that these are stored."""
        for one in decisions:
            self._progress[one.progress.timer] = one.progress
            self._plan(one.progress)

    def put_back(self, decisions: Iterable[Decision]) -> None:
        """Take note that these are not: they are due again at once."""
        for one in decisions:
            self._plan(self._progress[one.progress.timer])

    def progress(self, timer: str) -> Progress | None:
        """Return how far a timer was followed."""
        return self._progress.get(timer)

    def all_progress(self) -> Sequence[Progress]:
        """Return that of all."""
        return tuple(self._progress.values())

    def _arrange(self, now: float) -> None:
        for ref, one in self._progress.items():
            if one.done > now + GRACE:
                self._progress[ref] = replace(one, done=int(now))
        found = ((next_firing(self._timers[ref], one.done), ref) for ref, one in self._progress.items())
        self._moments = [(at, ref) for at, ref in found if at is not None]
        heapq.heapify(self._moments)

    def _plan(self, progress: Progress) -> None:
        at = next_firing(self._timers[progress.timer], progress.done)
        if at is not None:
            heapq.heappush(self._moments, (at, progress.timer))


def _begin(timer: Timer, before: Progress | None, now: float) -> Progress:
    """Return the progress of a timer that is followed from now on; of one whose schedule changed what was is still told."""
    if before is None:
        return Progress(timer=timer.ref, declared=timer.declared, done=int(now))
    return replace(before, declared=timer.declared, done=int(now), missed=0)
