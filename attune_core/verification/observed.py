"""Judges starts and ends that were seen outside the controller: by an executor's journal, or in a witness that actions write; pure.

Called by `attune verify order` and by the tests of crashes. Where an execution stands, and whether it ended unseen, comes from elsewhere.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from attune_core.verification.history import Position
from attune_core.verification.violation import Evidence, Invariant, Violation, evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A start or an end of an attempt, in the order of its journal."""

    start: bool
    execution: str
    attempt: int
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where an attempt's execution stood, and how many of its queue may run at once (None: not known)."""

    queue: str
    position: Position
    limit: int | None


@dataclass(frozen=True, kw_only=True)
class View:
    """What a journal shows and what it cannot: `exact` starts are the durable records; a witness writes a line a little later.

    `unseen` are executions that ended, or may have, without a line: killed, lost, settled without a start.
    """

    journal: str
    exact: bool
    unseen: Collection[str] = ()


#: (execution, attempt) -> where it stood; None for one that is not to be judged.
Standings = Callable[[str, int], Standing | None]


@dataclass(slots=True)
class _Queue:
    """One queue while its journal is read."""

    limit: int | None
    #: Positions that start for the first time somewhere below, in order.
    waiting: list[Position]
    #: Executions that have started and not ended, with the line of their last start.
    alive: dict[str, Seen] = field(default_factory=dict)


def judge_seen(seen: Sequence[Seen], standings: Standings, view: View) -> list[Violation]:
    """Return what one journal shows to be broken: G5, G7 and G9."""
    return [*_attempts(seen, view), *_order(seen, standings, view)]


def _attempts(seen: Sequence[Seen], view: View) -> Iterator[Violation]:
    """Yield second starts, attempts out of their order, and attempts that start while the one before still runs."""
    started: dict[tuple[str, int], Seen] = {}
    newest: dict[str, Seen] = {}
    for one in seen:
        before = newest.get(one.execution)
        if not one.start:
            if before is not None and one.attempt < before.attempt:
                message = f"attempt {one.attempt} of {one.execution} still ran when attempt {before.attempt} started"
                yield _broken(Invariant.ATTEMPTS, "", message, view, before, one)
            continue
        if (first := started.get((one.execution, one.attempt))) is not None:
            yield _broken(Invariant.ONCE, "", f"attempt {one.attempt} of {one.execution} started twice", view, first, one)
        elif before is not None and one.attempt < before.attempt:
            message = f"attempt {one.attempt} of {one.execution} started after attempt {before.attempt}"
            yield _broken(Invariant.ATTEMPTS, "", message, view, before, one)
        started.setdefault((one.execution, one.attempt), one)
        newest[one.execution] = one


def _order(seen: Sequence[Seen], standings: Standings, view: View) -> Iterator[Violation]:
    firsts = _firsts(seen, standings)
    queues: dict[str, _Queue] = {}
    for place in firsts.values():
        queues.setdefault(place.queue, _Queue(limit=place.limit, waiting=[])).waiting.append(place.position)
    for queue in queues.values():
        queue.waiting.sort()
    ends = _last_ends(seen, standings)
    for one in seen:
        if (standing := standings(one.execution, one.attempt)) is None:
            continue
        queue = queues[standing.queue] if standing.queue in queues else _Queue(limit=standing.limit, waiting=[])
        if one.start:
            yield from _start(one, standing, queue, view, first=one.line in firsts)
        elif one.line in ends:
            queue.alive.pop(one.execution, None)


def _firsts(seen: Sequence[Seen], standings: Standings) -> dict[int, Standing]:
    """Return, by line, each first start of an execution under one place."""
    found: dict[int, Standing] = {}
    known: set[tuple[str, str, Position]] = set()
    for one in seen:
        standing = standings(one.execution, one.attempt) if one.start else None
        if standing is not None and (place := (one.execution, standing.queue, standing.position)) not in known:
            known.add(place)
            found[one.line] = standing
    return found


def _last_ends(seen: Sequence[Seen], standings: Standings) -> set[int]:
    """Return the lines of ends that free a place: an execution that is tried again at its place holds it between its attempts."""
    found: dict[tuple[str, str, Position], int] = {}
    for one in seen:
        if not one.start and (standing := standings(one.execution, one.attempt)) is not None:
            found[one.execution, standing.queue, standing.position] = one.line
    return set(found.values())


def _start(one: Seen, standing: Standing, queue: _Queue, view: View, *, first: bool) -> Iterator[Violation]:
    earlier: list[Position] = []
    if first:
        at = bisect_left(queue.waiting, standing.position)
        earlier = queue.waiting[:at]
        del queue.waiting[at]
    queue.alive.pop(one.execution, None)
    if one.execution not in view.unseen:
        queue.alive[one.execution] = one
    alive = list(queue.alive.values())
    # In a witness, executions that may run side by side can swap their first lines; whoever is overtaken so counts as running.
    side_by_side = not view.exact and queue.limit is not None and len(earlier) + len(alive) <= queue.limit
    if earlier and not side_by_side:
        message = f"{one.execution} at {standing.position} started before {', '.join(map(str, earlier[:5]))}"
        yield _broken(Invariant.ORDER, standing.queue, message, view, *alive)
    if queue.limit is not None and len(alive) > queue.limit:
        message = f"{len(alive)} have started and not ended: {', '.join(run.execution for run in alive[:5])}; the limit is {queue.limit}"
        yield _broken(Invariant.LIMIT, standing.queue, message, view, *alive)


def _broken(invariant: Invariant, queue: str, message: str, view: View, *lines: Seen) -> Violation:
    shown = [
        Evidence(journal=view.journal, line=one.line, text=f"{'start' if one.start else 'end'} of {one.execution} attempt {one.attempt}")
        for one in lines
    ]
    return Violation(invariant=invariant, queue=queue, message=message, evidence=evidence(*shown))
