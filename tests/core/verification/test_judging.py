"""One judgement over all journals: what it counts, what judges what, and that each source alone finds what only it can show."""

import pytest

from attune_core.states import Outcome, State
from attune_core.verification import judging as judging_module
from attune_core.verification.history import Entry
from attune_core.verification.judging import Journal, Judging, Verdict
from attune_core.verification.observed import Seen
from attune_core.verification.violation import Invariant

QUEUE = "web1 web.restart null"


def entry(n: int, number: int, state: State, outcome: Outcome) -> Entry:
    return Entry(
        n=n,
        number=number,
        execution=f"e{number}",
        event=number,
        action="web.restart",
        queue=QUEUE,
        position=(0, number),
        state=state,
        attempt=0 if state is State.QUEUED else 1,
        outcome=outcome if state is State.SETTLED else None,
    )


def verdict(*journals: Journal, outcome: Outcome = Outcome.SUCCEEDED) -> Verdict:
    """Judge two executions that the controller says ran one after the other."""
    judging = Judging({"web.restart": 1})
    steps = [(1, State.QUEUED), (2, State.QUEUED), (1, State.STARTED), (1, State.SETTLED), (2, State.STARTED), (2, State.SETTLED)]
    for n, (number, state) in enumerate(steps, start=1):
        judging.take(entry(n, number, state, outcome))
    return judging.verdict(journals)


def journal(*words: str, exact: bool = False) -> Journal:
    """Read `S1`, `E1`: start and end of the first attempt of execution 1."""
    seen = [Seen(start=word[0] == "S", execution=f"e{word[1]}", attempt=1, line=line) for line, word in enumerate(words, start=1)]
    return Journal(name="executor" if exact else "witness", exact=exact, seen=seen)


def test_what_holds_is_said_with_what_it_was_judged_by() -> None:
    found = verdict(journal("S1", "E1", "S2", "E2"), journal("S1", "E1", "S2", "E2", exact=True))
    assert (found.executions, found.steps, found.unsettled, found.unknown) == (2, 6, 0, 0)
    assert (found.broken, found.violations) == ({}, [])
    assert found.judged_by[Invariant.ORDER] == ["controller", "witness", "executor"]
    assert found.judged_by[Invariant.PLACE] == ["controller"]
    assert Invariant.COMPLETE not in found.judged_by, "what was never accepted is not in any of these journals"


def test_a_witness_that_tells_another_story_than_the_controller_breaks_the_promise() -> None:
    assert set(verdict(journal("S2", "E2", "S1", "E1")).broken) == {Invariant.ORDER}
    assert set(verdict(journal("S1", "S2", "E1", "E2")).broken) == {Invariant.LIMIT}
    assert set(verdict(journal("S1", "E1", "S1", "E1", "S2", "E2")).broken) == {Invariant.ONCE}
    assert set(verdict(journal("S1", "E1")).broken) == {Invariant.AGREEMENT}
    assert set(verdict(journal("S1", "E1", "S2"), outcome=Outcome.REJECTED).broken) == {Invariant.AGREEMENT}


def test_an_executor_s_journal_is_exact_about_starts_and_need_not_be_whole() -> None:
    assert set(verdict(journal("S2", "E2", "S1", "E1", exact=True)).broken) == {Invariant.ORDER}
    assert verdict(journal("S2", "E2", exact=True)).broken == {}, "the older records are gone"


def test_lines_of_unknown_executions_are_counted_and_judge_nothing() -> None:
    found = verdict(journal("S9", "S8", "E8", "E9"))
    assert (found.broken, found.unknown) == ({}, 4)


def test_broken_promises_are_all_counted_and_the_first_ones_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging_module, "MOST", 2)
    judging = Judging({"web.restart": 1})
    for n in range(1, 5):
        judging.take(entry(n, 1, State.SETTLED, Outcome.SUCCEEDED))
    found = judging.verdict([])
    assert found.broken == {Invariant.END: 3}
    assert [str(one) for one in found.violations] == ["G10: execution 1 goes on after its end"] * 2
    assert Invariant.END.label == "G10 one end"
