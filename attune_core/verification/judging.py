"""All of a judgement: the controller's history step by step, then what other journals show, and what each invariant was judged by; pure.

Called by `attune verify order`; the verdict is what it prints.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attune_core.verification.history import JOURNAL, Entry, HistoryJudge
from attune_core.verification.observed import Seen, View, judge_seen
from attune_core.verification.records import Records
from attune_core.verification.violation import Invariant, Violation

#: Counter-examples kept; all are counted.
MOST = 1000
#: What each source can show to be broken.
_BY_HISTORY = (
    Invariant.PLACE,
    Invariant.ONCE,
    Invariant.ORDER,
    Invariant.LIMIT,
    Invariant.KEPT,
    Invariant.ATTEMPTS,
    Invariant.END,
    Invariant.EVENTS,
)
_BY_JOURNAL = (Invariant.ONCE, Invariant.ORDER, Invariant.LIMIT, Invariant.ATTEMPTS, Invariant.AGREEMENT)


@dataclass(frozen=True, kw_only=True)
class Journal:
    """A journal beside the controller's: `exact` ones are an executor's, the others a witness's; `strange` lines were left out."""

    name: str
    exact: bool
    seen: Sequence[Seen]
    strange: int = 0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was judged, by which journals, and what is broken: how often, and the first counter-examples."""

    executions: int
    unsettled: int
    steps: int
    journals: Sequence[Journal]
    #: Lines and records of executions that the history does not have (any more).
    unknown: int
    judged_by: Mapping[Invariant, Sequence[str]]
    broken: Mapping[Invariant, int]
    violations: Sequence[Violation]


class Judging:
    """One judgement; `limits` gives an action's limit and may grow while steps are taken."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        """Begin before the first step."""
        self._history = HistoryJudge(limits.get)
        self._records = Records(limits.get)
        self._violations: list[Violation] = []
        self._broken: dict[Invariant, int] = {}

    def take(self, entry: Entry) -> None:
        """Take the next step of the controller's history."""
        for violation in self._history.take(entry):
            self._add(violation)
        self._records.take(entry)

    def verdict(self, journals: Sequence[Journal]) -> Verdict:
        """Judge the journals by the history, and return everything."""
        everything = [one for journal in journals for one in journal.seen]
        unseen = self._records.unseen(everything)
        for journal in journals:
            for violation in judge_seen(
                journal.seen, self._records.standing, View(journal=journal.name, exact=journal.exact, unseen=unseen)
            ):
                self._add(violation)
        witnessed = [one for journal in journals if not journal.exact for one in journal.seen]
        recorded = [one for journal in journals if journal.exact for one in journal.seen]
        for seen, name in ((witnessed, "witness"), (recorded, "executor")):
            for violation in self._records.contradictions(seen, name, complete=name == "witness" and bool(seen)):
                self._add(violation)
        return self._summary(journals, everything)

    def _summary(self, journals: Sequence[Journal], everything: Sequence[Seen]) -> Verdict:
        judged_by: dict[Invariant, list[str]] = {}
        for invariant in Invariant:
            by = [JOURNAL] if invariant in _BY_HISTORY else []
            judged_by[invariant] = by + ([journal.name for journal in journals] if invariant in _BY_JOURNAL else [])
        return Verdict(
            executions=self._history.executions,
            unsettled=self._history.unsettled,
            steps=self._history.steps,
            journals=journals,
            unknown=sum(self._records.standing(one.execution, one.attempt) is None for one in everything),
            judged_by={invariant: by for invariant, by in judged_by.items() if by},
            broken=self._broken,
            violations=self._violations,
        )

    def _add(self, violation: Violation) -> None:
        self._broken[violation.invariant] = self._broken.get(violation.invariant, 0) + 1
        if len(self._violations) < MOST:
            self._violations.append(violation)
