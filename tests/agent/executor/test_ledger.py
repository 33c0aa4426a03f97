"""What the executor knows of attempts: records applied in order, restated ones without effect, and what it then answers."""

import pytest

from attune_agent.executor.fields import Fields, FieldWrong
from attune_agent.executor.ledger import Held, Keeper, Ledger, Started, forget_record
from attune_agent.executor.outcomes import lost_outcome

START: Fields = {"t": "start", "execution": "a", "attempt": 1, "slot": 1, "log_directory": "/l", "uses": "e1"}
PID: Fields = {"t": "pid", "execution": "a", "attempt": 1, "pid": 77, "ticks": 5}
END: Fields = {"t": "end", "outcome": lost_outcome(Held("a", 1, "attempt", 1, "/l"), "test")}


def ledger(*records: Fields) -> Ledger:
    found = Ledger()
    for record in records:
        found.apply(record)
    return found


def test_an_attempt_is_listed_with_its_state_until_it_is_forgotten() -> None:
    known = ledger(START, PID)
    held = known.get(("a", 1))
    assert held is not None
    assert held.listed() == {
        "execution": "a",
        "attempt": 1,
        "kind": "attempt",
        "state": "accepted",
        "condition": "",
        "log_directory": "/l",
        "uses": "e1",
    }
    assert (held.process, known.unended()) == (Started(77, 5), [held])
    known.apply(END)
    assert (held.state, held.process, known.unended()) == ("ended", None, [])
    known.apply(forget_record(("a", 1)))
    assert known.get(("a", 1)) is None


def test_records_that_are_restated_change_nothing() -> None:
    known = ledger(START, PID, END)
    before = list(known.restated())
    for record in (START, PID, END, {"t": "forget", "execution": "b", "attempt": 1}):
        known.apply(record)
    assert list(known.restated()) == before
    assert list(ledger(*before).restated()) == before


def test_a_process_is_restated_as_long_as_the_attempt_has_not_ended() -> None:
    kinds = [record["t"] for record in ledger(START, PID).restated()]
    assert kinds == ["life", "start", "pid"]
    assert [record["t"] for record in ledger(START, PID, END).restated()] == ["life", "start", "end"]


def test_a_process_or_an_end_of_what_is_unknown_is_left_out() -> None:
    assert list(ledger(PID, END).all()) == []


def test_a_build_is_told_from_an_attempt() -> None:
    (held,) = ledger({**START, "kind": "build"}).all()
    assert held.kind == "build"


def test_keepers_are_those_of_the_latest_life() -> None:
    keeper: Fields = {"t": "keeper", "slot": 3, "pid": 9, "ticks": 8, "uid": 5000}
    life: Fields = {"t": "life", "life": "one", "boot": "b"}
    known = ledger(life, keeper)
    assert known.keepers() == [Keeper(9, 8, 5000)]
    assert list(known.restated()) == [life, keeper]
    known.apply({**life, "life": "two"})
    assert known.keepers() == []


def test_a_record_of_a_kind_that_is_unknown_is_refused() -> None:
    with pytest.raises(FieldWrong, match="unknown kind 'spell'"):
        ledger({"t": "spell"})


def test_the_ledger_takes_no_more_at_its_bounds() -> None:
    ledger = Ledger()
    outcome = lost_outcome(Held("big", 1, "attempt", 1, "/l"), "test")
    outcome["result"]["body_b64"] = "x" * (64 << 20)
    ledger.apply({"t": "start", "execution": "big", "attempt": 1, "slot": 1, "log_directory": "/l"})
    ledger.apply({"t": "end", "outcome": outcome})
    after_end = ledger.full
    ledger.apply({"t": "forget", "execution": "big", "attempt": 1})
    assert (after_end, ledger.full) == (True, False)
