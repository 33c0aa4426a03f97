"""What the controller's history says of each execution, for judging other journals by it, and where those contradict it; pure.

Filled with the same steps as `history.HistoryJudge`; asked by `observed.judge_seen` where an attempt stood.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from attune_core.states import Outcome, State
from attune_core.verification.history import Entry
from attune_core.verification.observed import Seen, Standing
from attune_core.verification.violation import Evidence, Invariant, Violation, evidence


@dataclass(slots=True)
class _Known:
    """One execution: its places by the first attempt made there, and its last step."""

    places: list[tuple[int, Entry]] = field(default_factory=list)
    last: Entry | None = None


class Records:
    """The controller's word on executions."""

    def __init__(self, limit_of: Callable[[str], int | None]) -> None:
        """Begin without any; `limit_of` gives an action's limit."""
        self._limit_of = limit_of
        self._known: dict[str, _Known] = {}

    def take(self, entry: Entry) -> None:
        """Take the next step."""
        known = self._known.setdefault(entry.execution, _Known())
        place = known.places[-1][1] if known.places else None
        if entry.queue and (place is None or (place.queue, place.position) != (entry.queue, entry.position)):
            known.places.append((entry.attempt + 1 if place else 0, entry))
        known.last = entry

    def standing(self, execution: str, attempt: int) -> Standing | None:
        """Return where an attempt's execution stood when it was made; None for one that the history does not have."""
        known = self._known.get(execution)
        places = [entry for first, entry in known.places if first <= attempt] if known else []
        if not places:
            return None
        return Standing(queue=places[-1].queue, position=places[-1].position, limit=self._limit_of(places[-1].action))

    def unseen(self, seen: Sequence[Seen]) -> Collection[str]:
        """Return the executions that have ended without an end in a journal, or whose end has not been told yet."""
        ended = {(one.execution, one.attempt) for one in seen if not one.start}
        return {
            execution
            for execution, known in self._known.items()
            if known.last is not None and known.last.state is State.SETTLED and (execution, known.last.attempt) not in ended
        }

    def contradictions(self, seen: Sequence[Seen], journal: str, *, complete: bool) -> Iterator[Violation]:
        """Yield where a journal and the history deny each other; a `complete` journal has every start of the actions that are in it."""
        starts = {(one.execution, one.attempt): one for one in seen if one.start}
        for one in starts.values():
            known = self._known.get(one.execution)
            if known is not None and known.last is not None and _denies(known.last, one.attempt):
                last = known.last
                outcome = last.outcome.value if last.outcome else last.state.value
                message = (
                    f"attempt {one.attempt} of execution {last.number} started, which the controller says ended as {outcome} before it"
                )
                yield _contradiction(last, message, Evidence(journal=journal, line=one.line, text=f"start of attempt {one.attempt}"))
        if complete:
            yield from self._without_start(starts, journal)

    def _without_start(self, starts: Collection[tuple[str, int]], journal: str) -> Iterator[Violation]:
        first: dict[str, int] = {}  # by action, the oldest execution that wrote a line: before it nobody wrote any
        for execution, _ in starts:
            known = self._known.get(execution)
            if known is not None and known.last is not None:
                first[known.last.action] = min(known.last.number, first.get(known.last.action, known.last.number))
        for execution, known in self._known.items():
            last = known.last
            if last is None or last.outcome is not Outcome.SUCCEEDED or last.number < first.get(last.action, last.number + 1):
                continue
            if (execution, last.attempt) not in starts:
                yield _contradiction(
                    last, f"execution {last.number} succeeded in attempt {last.attempt}, whose start is not in the {journal}"
                )


def _denies(last: Entry, attempt: int) -> bool:
    if last.state is not State.SETTLED:
        return False
    return attempt > last.attempt or (last.outcome is Outcome.REJECTED and attempt == last.attempt)


def _contradiction(last: Entry, message: str, *lines: Evidence) -> Violation:
    said = Evidence(journal="controller", line=last.n, text=f"execution {last.number} {last.outcome or last.state} attempt {last.attempt}")
    return Violation(invariant=Invariant.AGREEMENT, queue=last.queue, message=message, evidence=evidence(said, *lines))
