"""Which execution of a queue may start now, or why none may: pure decisions over positions, phases, a limit and a number for now.

Called by `lane` at every change of a queue. reliability.md G7: the first attempt of j does not start before every earlier one has started
or settled, and at most limit-1 of those are unsettled. G9: a retry keeps its place, so it goes on counting among the unsettled.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


class Standing(Protocol):
    """One unsettled execution as admission sees it."""

    @property
    def execution(self) -> str:
        """Its id."""
        ...

    @property
    def active(self) -> bool:
        """An attempt of it is being prepared, asked for or running."""
        ...

    @property
    def ever_started(self) -> bool:
        """At least one attempt has started."""
        ...

    @property
    def ready_at(self) -> float:
        """Clock.monotonic() of its next attempt; 0 for at once."""
        ...

    @property
    def note(self) -> str:
        """Why it waits until then."""
        ...


@dataclass(frozen=True, kw_only=True)
class Head:
    """An execution that wants to start: how many unsettled ones stand before it, and how many of those have never started."""

    ahead: int
    unstarted_ahead: int
    ever_started: bool
    ready_at: float
    note: str = ""


@dataclass(frozen=True)
class Start:
    """It may start now."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """It may not, why, and when to look again by the clock (None: only another change can help)."""

    reason: str
    until: float | None = None


Decision = Start | Wait


def admit(head: Head, *, running: int, limit: int, now: float, closed: str = "") -> Decision:
    """Decide about one execution; `running` counts the queue's active ones, `now` and `ready_at` are Clock.monotonic().

    `closed` says why this host starts nothing at all now (a pause), "" when it may; it ends nothing and moves nobody.
    """
    if closed:
        return Wait(reason=closed)
    if head.ahead >= limit:
        return Wait(reason=f"concurrency limit {limit}: {head.ahead} before it in this queue are not settled")
    if running >= limit:  # the limit was lowered while they ran; it applies to starts and ends nothing
        return Wait(reason=f"concurrency limit {limit}: {running} are running")
    if not head.ever_started and head.unstarted_ahead:
        return Wait(reason="one before it has not started yet")
    if head.ready_at > now:
        return Wait(reason=head.note or "waits for its next attempt", until=head.ready_at)
    return Start()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a queue wants: the execution that may start (empty: none) or why its first waiting one waits, and when to look again."""

    execution: str = ""
    waiting: str = ""
    until: float | None = None


def choose(standings: Iterable[Standing], *, limit: int, running: int, now: float, closed: str = "") -> Choice:
    """Look at a queue from its head and return what may start first; never looks past `limit` places and the first one that waits."""
    unstarted, first_wait, until = 0, "", None
    for ahead, one in enumerate(standings):
        if ahead >= limit and first_wait:
            break
        if not one.active:
            head = Head(ahead=ahead, unstarted_ahead=unstarted, ever_started=one.ever_started, ready_at=one.ready_at, note=one.note)
            decision = admit(head, running=running, limit=limit, now=now, closed=closed)
            if isinstance(decision, Start):
                return Choice(execution=one.execution)
            first_wait = first_wait or decision.reason
            until = _earlier(until, decision.until)
        unstarted += not one.ever_started
    return Choice(waiting=first_wait, until=until)


def _earlier(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
