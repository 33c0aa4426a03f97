"""Which of a timer's due times become ticks now, and which are passed over: the decision that the controller's timers carry out; pure.

Called whenever a timer may be due. A tick up to GRACE late is on time; what is later was missed, because the controller was away or its
clock was set forward, and the timer's `misfire` says what becomes of that. However much was missed, this gives few ticks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice, takewhile

from attune_core.catalog.catalog import Timer

#: Seconds by which a tick may be late and still is on time: a restart, a full disk for a moment.
GRACE = 60.0
#: Missed times are counted up to here; more are said to be so many.
MOST_MISSED = 1000


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A due time that becomes an event; `missed` are those before it that became none, since the tick before."""

    due: int
    missed: int


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is to be done; up to and including `done` everything is dealt with, and `missed` times were passed over since the last tick.

    `looked` says how many times were gone through for that.
    """

    ticks: tuple[Tick, ...]
    done: int
    missed: int
    looked: int = field(default=0, compare=False)


def shown(moment: int) -> str:
    """Return a due time as ticks carry it: in their id, and in their data."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fires_at(timer: Timer, due: int) -> float:
    """Return when a due time's tick comes: with jitter a little later, always as much for the same timer and time."""
    if not timer.jitter:
        return due
    draw = int.from_bytes(sha256(f"{timer.ref} {due}".encode()).digest()[:7], "big")
    return due + timer.jitter * draw / (1 << 56)


def next_firing(timer: Timer, done: int) -> float | None:
    """Return when something is to be done about a timer first; None: never again."""
    due = timer.schedule.after(done)
    return None if due is None else fires_at(timer, due)


def judge(timer: Timer, *, done: int, missed: int, now: float) -> Verdict:
    """Return what becomes of the times that are due by now."""
    due = tuple(islice(_due(timer, timer.schedule.between(done, int(now)), now), MOST_MISSED))
    if not due:
        return Verdict(ticks=(), done=done, missed=missed)
    uncounted = len(due) == MOST_MISSED
    if uncounted:
        wanted = max(timer.at_most, int(GRACE) + 2)  # jitter may hold back the last ones
        due = tuple(_due(timer, timer.schedule.last(done, int(now), wanted), now))
    late = sum(fires_at(timer, one) < now - GRACE for one in due)
    ticked = len(due) - late
    if (late or uncounted) and timer.misfire == "one":
        ticked = 1
    elif late and timer.misfire == "all":
        ticked = min(len(due), max(ticked, timer.at_most))
    missed = min(MOST_MISSED, missed + (MOST_MISSED if uncounted else len(due) - ticked))
    times = due[len(due) - ticked :]
    ticks = tuple(Tick(due=one, missed=0 if place else missed) for place, one in enumerate(times))
    return Verdict(ticks=ticks, done=due[-1], missed=0 if ticks else missed, looked=MOST_MISSED if uncounted else len(due))


def _due(timer: Timer, times: Iterable[int], now: float) -> Iterator[int]:
    """Yield of a timer's times those whose ticks are to come by now; jitter never lets one overtake another."""
    return takewhile(lambda due: fires_at(timer, due) <= now, times)
