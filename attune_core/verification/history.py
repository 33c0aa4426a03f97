"""Judges the controller's own history: places taken, attempts started and ends, in the order of its commits; pure.

Fed step by step by `attune verify order` and by the simulation; what it keeps of a settled execution is its number alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile

from attune_core.states import Outcome, State
from attune_core.verification.violation import MOST_EVIDENCE, Evidence, Invariant, Violation, evidence

#: (epoch, sequence).
Position = tuple[int, int]
JOURNAL = "controller"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One step of one execution; `queue` is empty as long as it has no agent, `n` grows."""

    n: int
    number: int
    execution: str
    event: int
    action: str
    queue: str
    position: Position
    state: State
    attempt: int
    outcome: Outcome | None = None
    late: bool = False  # of a group of events that a throttle let wait


@dataclass(slots=True)
class _Open:
    """An unsettled execution: where it stands, its last started attempt, whether it started under this place, and what shows both."""

    queue: str = ""
    position: Position = (0, 0)
    attempt: int = 0
    started: bool = False
    lines: list[Evidence] = field(default_factory=list)


@dataclass(slots=True)
class _Queue:
    """One queue: its last place, and who stands in it unsettled, in order of places."""

    last: Position = (0, 0)
    open: dict[int, _Open] = field(default_factory=dict)


class HistoryJudge:
    """One pass over a history; `limit_of` gives an action's limit, None where it is not known."""

    def __init__(self, limit_of: Callable[[str], int | None]) -> None:
        """Begin before the first step."""
        self._limit_of = limit_of
        self._open: dict[int, _Open] = {}
        self._queues: dict[str, _Queue] = {}
        self._settled: dict[int, int] = {}
        self._newest = (0, 0)  # event and number of the newest execution
        self.executions = self.steps = self.starts = 0

    def take(self, entry: Entry) -> Iterator[Violation]:
        """Yield what this step breaks."""
        self.steps += 1
        if entry.number in self._settled:
            yield _broken(
                Invariant.END, entry, f"execution {entry.number} goes on after its end", _line(entry, at=self._settled[entry.number])
            )
            return
        known = self._open.get(entry.number)
        if known is None:
            known = self._open[entry.number] = _Open()
            yield from self._begun(entry)
        known.lines = [*known.lines[-MOST_EVIDENCE:], _line(entry)]
        if (entry.queue, entry.position) != (known.queue, known.position):
            yield from self._placed(entry, known)
        if entry.state is State.STARTED:
            yield from self._started(entry, known)
        elif entry.state is State.SETTLED:
            self._end(entry, known)

    @property
    def unsettled(self) -> int:
        """Count the executions that have not ended."""
        return len(self._open)

    def _begun(self, entry: Entry) -> Iterator[Violation]:
        self.executions += 1
        if entry.late:  # when its group ended, not when its event came
            return
        event, number = self._newest
        if number < entry.number and entry.event < event:
            yield _broken(Invariant.EVENTS, entry, f"execution {entry.number} is of event {entry.event}, {number} before it of {event}")
        self._newest = max(self._newest, (entry.event, entry.number))

    def _placed(self, entry: Entry, known: _Open) -> Iterator[Violation]:
        if known.queue:
            self._queues[known.queue].open.pop(entry.number, None)
            if entry.state not in (State.QUEUED, State.ACCEPTED):
                message = (
                    f"execution {entry.number} stood at {known.position} and stands at {entry.position} while it is {entry.state.value}"
                )
                yield _broken(Invariant.KEPT, entry, message, *known.lines)
        known.queue, known.position, known.started = entry.queue, entry.position, False
        if not entry.queue:
            return
        queue = self._queues.setdefault(entry.queue, _Queue())
        if entry.position <= queue.last:
            message = f"execution {entry.number} takes place {entry.position} of a queue whose last was {queue.last}"
            holder = next((one for one in queue.open.values() if one.position >= entry.position), None)
            yield _broken(Invariant.PLACE, entry, message, *(holder.lines if holder else ()))
        queue.last = max(queue.last, entry.position)
        queue.open[entry.number] = known

    def _started(self, entry: Entry, known: _Open) -> Iterator[Violation]:
        self.starts += 1
        if entry.attempt <= known.attempt:
            kind = Invariant.ONCE if entry.attempt == known.attempt else Invariant.ATTEMPTS
            yield _broken(kind, entry, f"attempt {entry.attempt} of execution {entry.number} starts after {known.attempt}", *known.lines)
        known.attempt = max(known.attempt, entry.attempt)
        if not known.started and entry.queue:
            known.started = True
            yield from self._overtakes(entry, self._queues[entry.queue])

    def _overtakes(self, entry: Entry, queue: _Queue) -> Iterator[Violation]:
        before = list(takewhile(lambda one: one.position < entry.position, queue.open.values()))
        waiting = [one for one in before if not one.started]
        if waiting:
            message = f"execution {entry.number} at {entry.position} starts before {waiting[0].position}"
            yield _broken(Invariant.ORDER, entry, message, *(line for one in waiting[:3] for line in one.lines))
        limit = self._limit_of(entry.action)
        if limit is not None and len(before) >= limit:
            message = f"execution {entry.number} starts while {len(before)} before it have not ended; the limit is {limit}"
            yield _broken(Invariant.LIMIT, entry, message, *(line for one in before[:3] for line in one.lines))

    def _end(self, entry: Entry, known: _Open) -> None:
        self._settled[entry.number] = entry.n
        del self._open[entry.number]
        if known.queue:
            self._queues[known.queue].open.pop(entry.number, None)


def _broken(invariant: Invariant, entry: Entry, message: str, *lines: Evidence) -> Violation:
    return Violation(invariant=invariant, queue=entry.queue, message=message, evidence=evidence(*lines, _line(entry)))


def _line(entry: Entry, at: int = 0) -> Evidence:
    """Return a step as a line; `at`: the step that ended the execution, of which no more is kept."""
    if at:
        return Evidence(journal=JOURNAL, line=at, text=f"execution {entry.number} settled")
    words = [f"execution {entry.number}", entry.state.value]
    words += [f"at ({entry.position[0]}, {entry.position[1]})"] if entry.queue else []
    words += [f"attempt {entry.attempt}"] if entry.attempt else []
    words += [entry.outcome.value] if entry.outcome else []
    return Evidence(journal=JOURNAL, line=entry.n, text=" ".join(words))
