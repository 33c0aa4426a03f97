"""A judge of histories is silent about good ones and names what each bad one breaks; without the latter its silence would mean nothing."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from attune_core.states import Outcome, State
from attune_core.verification.history import Entry, HistoryJudge
from attune_core.verification.violation import Invariant

WORDS = {"q": State.QUEUED, "s": State.STARTED, "e": State.SETTLED, "a": State.ACCEPTED, "p": State.PREPARING}


def entries(text: str) -> Iterator[Entry]:
    """Read `1q3 1s2 1e`: execution 1 takes place 3, starts attempt 2, settles; `1q3@2` in epoch 2; `1q3:other` in another queue."""
    places: dict[int, tuple[str, tuple[int, int]]] = {}
    attempts: dict[int, int] = {}
    for n, word in enumerate(text.split(), start=1):
        number, kind, rest = int(word[0]), word[1], word[2:]
        rest, _, queue = rest.partition(":")
        rest, _, epoch = rest.partition("@")
        if kind == "q":
            places[number] = (queue or "web1 web.restart null", (int(epoch or 0), int(rest)))
        elif kind == "a":
            places.pop(number, None)
        elif kind in "sp":
            attempts[number] = int(rest or 1)
        elif rest:
            places[number] = (places[number][0], (0, int(rest)))
        name, position = places.get(number, ("", (0, 0)))
        yield Entry(
            n=n,
            number=number,
            execution=f"e{number}",
            event=9 - number if "backwards" in queue else number,
            action="web.restart",
            queue=name,
            position=position,
            state=WORDS[kind],
            attempt=attempts.get(number, 0),
            outcome=Outcome.SUCCEEDED if kind == "e" else None,
        )


def test_an_execution_of_a_group_may_come_after_what_newer_events_gave() -> None:
    judge = HistoryJudge(lambda _action: 1)
    made = [replace(one, event=event, late=late) for one, (event, late) in zip(entries("1q1 2q2 3q3"), LATE, strict=True)]
    assert [violation for entry in made for violation in judge.take(entry)] == []
    assert [one.invariant for one in judge.take(replace(made[0], number=4, event=8, position=(0, 4)))] == [Invariant.EVENTS]


#: Events of executions, and whether they are of groups.
LATE = ((9, False), (3, True), (9, False))


def broken(text: str, limit: int | None = 1) -> list[Invariant]:
    judge = HistoryJudge(lambda _action: limit)
    return [violation.invariant for entry in entries(text) for violation in judge.take(entry)]


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("1q1 2q2 1s 1e 2s 2e", 1),
        ("1q1 2q2 1s 2s 2e 1e", 2),
        ("1q1 2q2 1s 1s2 1e 2s 2e", 1),
        ("1q1 2q2 1e 2s 2e", 1),
        ("1a 2q1 2s 2e 1q2 1s 1e", 1),
        ("1q1 2q2 1s 1q3 2s 2e 1s2 1e", 1),
        ("1q1 2q2 1s 1e 2q3@1 2s 2e", 1),
        ("1q1 2q2 1s 1q1:other 2s 1s2 1e 2e", 1),
        ("1q1 2q2 3q3 1s 2s 3s", None),
        ("1q1 1a 2q2 2s 2e 1q1:other 1s 1e", 1),
        ("1a 1e", 1),
    ],
)
def test_a_good_history_breaks_nothing(text: str, limit: int | None) -> None:
    assert broken(text, limit) == []


@pytest.mark.parametrize(
    ("text", "limit", "invariant"),
    [
        ("1q1 2q1", 1, Invariant.PLACE),
        ("1q2 2q1", 1, Invariant.PLACE),
        ("1q1@1 2q2", 1, Invariant.PLACE),
        ("1q1 1s 1p1 1s1", 1, Invariant.ONCE),
        ("1q1 1s2 1s1", 1, Invariant.ATTEMPTS),
        ("1q1 2q2 2s", 2, Invariant.ORDER),
        ("1q1 2q2 1s 2s", 1, Invariant.LIMIT),
        ("1q1 2q2 3q3 1s 2s 3s", 2, Invariant.LIMIT),
        ("1q1 1s1 1e1 1s2", 1, Invariant.END),
        ("1q1 1e 1e", 1, Invariant.END),
        ("1q1 1s 1e7", 1, Invariant.KEPT),
        ("1q1:backwards 2q2:backwards", 1, Invariant.EVENTS),
    ],
)
def test_a_bad_history_is_named(text: str, limit: int, invariant: Invariant) -> None:
    assert invariant in broken(text, limit)


def test_a_counter_example_shows_the_lines_in_their_order() -> None:
    judge = HistoryJudge(lambda _action: 1)
    (found,) = [violation for entry in entries("1q1 2q2 1s 2s") for violation in judge.take(entry)]
    assert found.message == "execution 2 starts while 1 before it have not ended; the limit is 1"
    assert [(line.line, line.text) for line in found.evidence] == [
        (1, "execution 1 queued at (0, 1)"),
        (3, "execution 1 started at (0, 1) attempt 1"),
        (4, "execution 2 started at (0, 2) attempt 1"),
    ]
    assert str(found).startswith("G7: ")


def test_what_was_read_is_counted() -> None:
    judge = HistoryJudge(lambda _action: 1)
    for entry in entries("1q1 2q2 1s 1e"):
        assert list(judge.take(entry)) == []
    assert (judge.executions, judge.steps, judge.starts, judge.unsettled) == (2, 4, 1, 1)
