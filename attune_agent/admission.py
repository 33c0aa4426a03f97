"""Which execution of a queue may start now, why none may, and which ones leave it: pure decisions over positions, phases and policies.

Called by `lane` at every change of a queue. reliability.md G7: the first attempt of j does not start before every earlier one has started
or settled, and at most limit-1 of those are unsettled. G9: a retry keeps its place, so it goes on counting among the unsettled.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from attune_agent.rate import BucketKey, next_start
from attune_core.quantities import show_duration
from attune_core.states import Reason
from attune_core.wire.assignment import Policy, Rate


class Standing(Protocol):
    """One unsettled execution as admission sees it."""

    @property
    def execution(self) -> str:
        """Its id."""
        ...

    @property
    def active(self) -> bool:
        """An attempt of it is being prepared, asked for or running, or its end is being stored."""
        ...

    @property
    def ever_started(self) -> bool:
        """At least one attempt has started at this place."""
        ...

    @property
    def first(self) -> bool:
        """No attempt of it was ever made, here or at an earlier place."""
        ...

    @property
    def cancel(self) -> Reason | None:
        """Why it is being ended, None when it is not."""
        ...

    @property
    def accepted_at(self) -> float:
        """Clock.monotonic() of its acceptance."""
        ...

    @property
    def bucket(self) -> BucketKey:
        """What its starts are counted with."""
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
    #: When its rate lets it start, 0: at once; and which bucket is asked.
    token_at: float = 0.0
    bucket: BucketKey | None = None


@dataclass(frozen=True)
class Start:
    """It may start now."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """It may not, why, and when to look again by the clock (None: only another change can help)."""

    reason: str
    until: float | None = None
    #: It waits for a token of this bucket.
    bucket: BucketKey | None = None


Decision = Start | Wait


def admit(head: Head, *, running: int, policy: Policy, now: float, closed: str = "") -> Decision:
    """Decide about one execution; `running` counts the queue's active ones, times are Clock.monotonic().

    `closed` says why nothing of this queue starts now (a pause), "" when it may; it ends nothing and moves nobody.
    """
    if closed:
        return Wait(reason=closed)
    if head.ahead >= policy.limit:
        return Wait(reason=f"concurrency limit {policy.limit}: {head.ahead} before it in this queue are not settled")
    if running >= policy.limit:  # the limit was lowered while they ran; it applies to starts and ends nothing
        return Wait(reason=f"concurrency limit {policy.limit}: {running} are running")
    if not head.ever_started and head.unstarted_ahead:
        return Wait(reason="one before it has not started yet")
    if head.ready_at > now:
        return Wait(reason=head.note or "waits for its next attempt", until=head.ready_at)
    return _admit_by_rate(head, policy.rate, now)


def _admit_by_rate(head: Head, rate: Rate | None, now: float) -> Decision:
    if rate is None or head.token_at <= now:
        return Start()
    pause = show_duration(max(round(head.token_at - now), 1))
    return Wait(reason=f"rate {rate.limit} per {show_duration(rate.per)}: next start in {pause}", until=head.token_at, bucket=head.bucket)


@dataclass(frozen=True)
class Leave:
    """An execution that is to leave its queue: rejected (`expired`, `skipped`) without a start, or ended (`superseded`), started or not."""

    execution: str
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a queue wants: the execution that may start (empty: none) or why its first waiting one waits, and when to look again.

    `until` says so for people; `alarm` leaves out the wait for a token of `bucket`, at which others may be first.
    """

    execution: str = ""
    waiting: str = ""
    until: float | None = None
    alarm: float | None = None
    bucket: BucketKey | None = None
    leaving: tuple[Leave, ...] = ()


def choose(
    standings: Collection[Standing],
    *,
    policy: Policy,
    running: int,
    now: float,
    closed: str = "",
    full_at: Mapping[BucketKey, float] | None = None,
) -> Choice:
    """Look at a queue from its head and return what may start first, and who leaves.

    It never looks past the first one that waits and the places that its policy speaks of. `full_at` says of buckets that are not full
    when they are.
    """
    unstarted, start, first_wait = 0, "", ""
    waits: list[Wait] = []
    leaving: list[Leave] = []
    places = _places(policy, len(standings))
    for ahead, one in enumerate(standings):
        if ahead >= places and (start or first_wait):
            break
        if (reason := _leaves(one, policy, ahead=ahead, count=len(standings), now=now, closed=closed)) is not None:
            leaving.append(Leave(one.execution, reason))
            first_wait = first_wait or (f"it is being ended: {reason.value}" if not one.active else "")
        elif not one.active and not start:
            head = Head(
                ahead=ahead,
                unstarted_ahead=unstarted,
                ever_started=one.ever_started,
                ready_at=one.ready_at,
                note=one.note,
                bucket=one.bucket,
                token_at=next_start((full_at or {}).get(one.bucket, 0.0), policy.rate, now) if policy.rate else 0.0,
            )
            decision = admit(head, running=running, policy=policy, now=now, closed=closed)
            if isinstance(decision, Wait):
                first_wait = first_wait or decision.reason
                waits.append(decision)
            elif policy.when_busy == "queue":
                return Choice(execution=one.execution, leaving=tuple(leaving))
            else:  # who leaves behind it does not wait for a slot
                start = one.execution
        unstarted += not one.ever_started
    if start:
        return Choice(execution=start, leaving=tuple(leaving))
    bucket = next((wait.bucket for wait in waits if wait.bucket), None)
    return Choice(
        waiting=first_wait,
        until=min((wait.until for wait in waits if wait.until is not None), default=None),
        alarm=min((wait.until for wait in waits if wait.until is not None and (not wait.bucket or wait.bucket != bucket)), default=None),
        bucket=bucket,
        leaving=tuple(leaving),
    )


def expired(one: Standing, policy: Policy, *, now: float) -> bool:
    """Tell whether the time in which it had to start first is over; a retry never expires."""
    return policy.start_within is not None and one.first and now >= one.accepted_at + policy.start_within


def _places(policy: Policy, count: int) -> int:
    """Return how many places from the head on are looked at in any case."""
    if policy.when_busy == "skip":
        return count
    return max(policy.limit, count - policy.limit) if policy.when_busy == "cancel_running" else policy.limit


def _leaves(one: Standing, policy: Policy, *, ahead: int, count: int, now: float, closed: str) -> Reason | None:
    if one.cancel is not None:
        return None
    if policy.when_busy == "cancel_running" and ahead < count - policy.limit and not (closed and one.active):
        return Reason.SUPERSEDED  # what runs goes on while what would take its place may not start
    if one.active:
        return None
    if expired(one, policy, now=now):
        return Reason.EXPIRED
    if policy.when_busy == "skip" and one.first and ahead >= policy.limit:
        return Reason.SKIPPED
    return None
