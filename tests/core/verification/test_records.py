"""Where an attempt stood, what ended unseen, and where a journal contradicts the controller's history."""

from attune_core.states import Outcome, State
from attune_core.verification.history import Entry
from attune_core.verification.observed import Seen, View, judge_seen
from attune_core.verification.records import Records
from attune_core.verification.violation import Invariant
from attune_core.verification.witness import read_witness


def records(*steps: tuple[int, State, int, int] | tuple[int, State, int, int, Outcome]) -> Records:
    """Take (execution, state, sequence, attempt[, outcome]) as the history of one queue with limit 1."""
    known = Records(lambda _action: 1)
    for n, step in enumerate(steps, start=1):
        number, state, sequence, attempt = step[:4]
        known.take(
            Entry(
                n=n,
                number=number,
                execution=f"e{number}",
                event=number,
                action="web.restart",
                queue="web1 web.restart null",
                position=(0, sequence),
                state=state,
                attempt=attempt,
                outcome=step[4] if len(step) > 4 else None,
            )
        )
    return known


def seen(text: str) -> list[Seen]:
    """Read `S1.1 E1.1`: start and end of attempt 1 of execution 1."""
    return [
        Seen(start=word[0] == "S", execution=f"e{word[1:].split('.')[0]}", attempt=int(word.split(".")[1]), line=line)
        for line, word in enumerate(text.split(), start=1)
    ]


QUEUED, STARTED, SETTLED = State.QUEUED, State.STARTED, State.SETTLED


def test_a_retry_at_the_tail_is_judged_by_the_place_of_its_attempt() -> None:
    known = records((1, QUEUED, 1, 0), (2, QUEUED, 2, 0), (1, STARTED, 1, 1), (1, QUEUED, 3, 1), (2, STARTED, 2, 1))
    first, second = known.standing("e1", 1), known.standing("e1", 2)
    assert first is not None
    assert second is not None
    assert (first.position, second.position, known.standing("e9", 1)) == ((0, 1), (0, 3), None)
    line = seen("S1.1 E1.1 S2.1 E2.1 S1.2 E1.2")
    assert judge_seen(line, known.standing, View(journal="witness", exact=False)) == []


def test_starts_in_another_order_than_the_places_are_found() -> None:
    known = records((1, QUEUED, 1, 0), (2, QUEUED, 2, 0))
    found = judge_seen(seen("S2.1 E2.1 S1.1 E1.1"), known.standing, View(journal="executor", exact=True))
    assert [violation.invariant for violation in found] == [Invariant.ORDER]


def test_a_killed_attempt_does_not_count_as_running_for_ever() -> None:
    known = records((1, QUEUED, 1, 0), (2, QUEUED, 2, 0), (1, STARTED, 1, 1), (1, SETTLED, 1, 1, Outcome.LOST))
    lines = seen("S1.1 S2.1")
    assert known.unseen(lines) == {"e1"}
    assert judge_seen(lines, known.standing, View(journal="witness", exact=False, unseen=known.unseen(lines))) == []
    assert [one.invariant for one in judge_seen(lines, known.standing, View(journal="witness", exact=False))] == [Invariant.LIMIT]


def test_an_attempt_that_starts_while_the_one_before_runs_is_found() -> None:
    known = records((1, QUEUED, 1, 0))
    found = judge_seen(seen("S1.1 S1.2 E1.1 E1.2"), known.standing, View(journal="witness", exact=False))
    assert [violation.invariant for violation in found] == [Invariant.ATTEMPTS]


def test_an_attempt_that_starts_after_its_successor_is_found() -> None:
    known = records((1, QUEUED, 1, 0))
    found = judge_seen(seen("S1.2 E1.2 S1.1 E1.1"), known.standing, View(journal="witness", exact=False))
    assert [violation.invariant for violation in found] == [Invariant.ATTEMPTS]


def test_what_has_not_ended_denies_nothing() -> None:
    known = records((1, QUEUED, 1, 0), (2, STARTED, 2, 1))
    assert list(known.contradictions(seen("S1.1 S2.1 S2.2"), "witness", complete=True)) == []


def test_a_start_that_the_controller_denies_is_found() -> None:
    known = records((1, SETTLED, 1, 0, Outcome.REJECTED), (2, SETTLED, 2, 1, Outcome.SUCCEEDED))
    found = list(known.contradictions(seen("S1.1 S2.1 S2.2"), "witness", complete=False))
    assert [violation.message for violation in found] == [
        "attempt 1 of execution 1 started, which the controller says ended as rejected before it",
        "attempt 2 of execution 2 started, which the controller says ended as succeeded before it",
    ]


def test_a_success_without_a_start_is_found_once_the_witness_has_begun() -> None:
    known = records(*[(number, SETTLED, number, 1, Outcome.SUCCEEDED) for number in (1, 2, 3)])
    found = list(known.contradictions(seen("S2.1 E2.1"), "witness", complete=True))
    assert [violation.message for violation in found] == ["execution 3 succeeded in attempt 1, whose start is not in the witness"]


def test_a_witness_is_read_line_by_line_and_strange_lines_are_counted() -> None:
    execution = "0190a5d4-7e3b-7c11-8f00-1234567890ab"
    lines = [f"S {execution} 1\n".encode(), b"hello\n", f"E {execution} 1".encode(), b"\xff\xfe S\n", f"S {execution} 1 x\n".encode()]
    assert read_witness(lines) == (
        [Seen(start=True, execution=execution, attempt=1, line=1), Seen(start=False, execution=execution, attempt=1, line=3)],
        3,
    )
