"""Who may start in a queue: the table of cases, and what must hold for every queue whatsoever (reliability.md G7, G9)."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune_agent.admission import Head, Leave, Start, Wait, admit, choose
from attune_agent.rate import BucketKey
from attune_core.catalog.documents import read_document
from attune_core.states import Reason
from attune_core.values import JsonValue
from attune_core.wire.assignment import Policy, Rate

CASES = Path(__file__).parents[1] / "cases" / "admission"
BUCKET = BucketKey("web.restart", "null")
DUE_LATER = 100.0
NOW = 10.0


@dataclass(frozen=True)
class One:
    execution: str
    active: bool
    ever_started: bool
    ready_at: float
    note: str = ""
    first: bool = True
    cancel: Reason | None = None
    accepted_at: float = 0.0
    bucket: BucketKey = BUCKET


def queue_of(letters: list[str]) -> list[One]:
    return [
        One(
            execution=str(number),
            active="A" in letter,
            ever_started="S" in letter,
            ready_at=DUE_LATER if "R" in letter else 0.0,
        )
        for number, letter in enumerate(letters)
    ]


def cases() -> list[dict[str, JsonValue]]:
    found: list[dict[str, JsonValue]] = []
    for path in sorted(CASES.glob("*.yaml")):
        document, problems = read_document(path.name, path.read_bytes())
        assert not problems, problems
        assert document is not None
        assert isinstance(document.value, list)
        found.extend(case for case in document.value if isinstance(case, dict))
    assert found
    return found


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["name"]).replace(" ", "_"))
def test_a_case_of_the_table(case: dict[str, JsonValue]) -> None:
    letters, limit = case["queue"], case["limit"]
    assert isinstance(letters, list)
    assert isinstance(limit, int)
    queue = queue_of([str(letter) for letter in letters])
    closed = str(case.get("closed", ""))
    choice = choose(queue, policy=Policy(limit=limit), running=sum(one.active for one in queue), now=NOW, closed=closed)
    assert choice.execution == case["starts"]
    assert str(case.get("waits", "")) in choice.waiting
    assert choice.until == case.get("until")


def test_an_execution_that_may_start_is_told_so() -> None:
    head = Head(ahead=0, unstarted_ahead=0, ever_started=False, ready_at=0.0)
    assert admit(head, running=0, policy=Policy(), now=0.0) == Start()


def standing(*, age: float = 0.0, active: bool = False, first: bool = True, cancel: Reason | None = None) -> One:
    return One(
        execution="1", active=active, ever_started=active, ready_at=0.0, first=first and not active, cancel=cancel, accepted_at=NOW - age
    )


def left(queue: list[One], policy: Policy, closed: str = "") -> list[tuple[str, Reason]]:
    named = [replace(one, execution=str(number)) for number, one in enumerate(queue)]
    running = sum(one.active for one in queue)
    return [(one.execution, one.reason) for one in choose(named, policy=policy, running=running, now=NOW, closed=closed).leaving]


W, A, C = standing(), standing(active=True), standing(active=True, cancel=Reason.OPERATOR)
RETRY, OLD = standing(first=False, age=99.0), standing(age=99.0)
SKIPS, NEWEST, SHORT = Policy(when_busy="skip"), Policy(when_busy="cancel_running"), Policy(start_within=99.0)


@pytest.mark.parametrize(
    ("queue", "policy", "closed", "leaving"),
    [
        ([A, W, W], Policy(), "", []),
        ([A, W, W], SKIPS, "", [("1", Reason.SKIPPED), ("2", Reason.SKIPPED)]),
        ([A, W, W], SKIPS, "paused", [("1", Reason.SKIPPED), ("2", Reason.SKIPPED)]),
        ([A, RETRY, W], SKIPS, "", [("2", Reason.SKIPPED)]),
        ([A, W, W], SKIPS.model_copy(update={"limit": 2}), "", [("2", Reason.SKIPPED)]),
        ([A, A, W], SKIPS, "", [("2", Reason.SKIPPED)]),  # what runs above a lowered limit is left alone
        ([A, W, W], NEWEST, "", [("0", Reason.SUPERSEDED), ("1", Reason.SUPERSEDED)]),
        ([A, W, W], NEWEST.model_copy(update={"limit": 2}), "", [("0", Reason.SUPERSEDED)]),
        ([C, W], NEWEST, "", []),
        ([A, W, W], NEWEST, "paused", [("1", Reason.SUPERSEDED)]),
        ([W], NEWEST, "", []),
        ([OLD, OLD], SHORT, "", [("0", Reason.EXPIRED)]),  # of the others, the deadlines say when
        ([W, W, W], SKIPS, "", [("1", Reason.SKIPPED), ("2", Reason.SKIPPED)]),
        ([OLD], SHORT, "paused", [("0", Reason.EXPIRED)]),
        ([RETRY], SHORT, "", []),
        ([standing(age=98.9)], SHORT, "", []),
    ],
)
def test_who_leaves_is_decided_from_what_is_there(queue: list[One], policy: Policy, closed: str, leaving: list[tuple[str, Reason]]) -> None:
    assert left(queue, policy, closed) == leaving


def test_who_leaves_never_starts_and_the_next_one_may() -> None:
    queue = [replace(OLD, execution="old"), replace(W, execution="new")]
    choice = choose(queue, policy=SHORT.model_copy(update={"limit": 2}), running=0, now=NOW)
    assert (choice.execution, choice.leaving) == ("", (Leave("old", Reason.EXPIRED),))
    assert choice.waiting == "it is being ended: expired"


@pytest.mark.parametrize(("missing", "said"), [(0.0, ""), (20.0, ""), (25.0, "next start in 5s"), (20.4, "next start in 1s")])
def test_a_rate_waits_for_its_next_token_and_says_so(missing: float, said: str) -> None:
    policy = Policy(rate=Rate(limit=3, per=30.0))
    choice = choose([W], policy=policy, running=0, now=NOW, full_at={BUCKET: NOW + missing})
    assert said in choice.waiting
    assert (choice.execution == "") == bool(said)
    assert choice.until == (pytest.approx(NOW + missing - 20.0) if said else None)


def test_a_wait_for_a_time_names_it_and_says_why() -> None:
    head = Head(ahead=0, unstarted_ahead=0, ever_started=True, ready_at=5.0, note="attempt 1 failed")
    assert admit(head, running=0, policy=Policy(), now=4.0) == Wait(reason="attempt 1 failed", until=5.0)
    assert admit(head, running=0, policy=Policy(), now=5.0) == Start()


queues = st.lists(
    st.builds(
        One,
        execution=st.uuids().map(str),
        active=st.booleans(),
        ever_started=st.booleans(),
        ready_at=st.sampled_from([0.0, NOW, DUE_LATER]),
    ),
    max_size=8,
)


@given(queue=queues, limit=st.integers(min_value=1, max_value=5))
def test_whoever_starts_passes_nobody_and_stays_within_the_limit(queue: list[One], limit: int) -> None:
    running = sum(one.active for one in queue)
    choice = choose(queue, policy=Policy(limit=limit), running=running, now=NOW)
    if not choice.execution:
        return
    place = next(place for place, one in enumerate(queue) if one.execution == choice.execution)
    chosen = queue[place]
    assert not chosen.active
    assert chosen.ready_at <= NOW
    assert place < limit
    assert running < limit
    assert chosen.ever_started or all(one.ever_started for one in queue[:place])


@given(queue=queues, limit=st.integers(min_value=1, max_value=5))
def test_a_queue_that_starts_nothing_either_runs_says_why_or_is_empty(queue: list[One], limit: int) -> None:
    choice = choose(queue, policy=Policy(limit=limit), running=sum(one.active for one in queue), now=NOW)
    assert choice.execution or choice.waiting or all(one.active for one in queue)


@given(queue=queues, limit=st.integers(min_value=1, max_value=5))
def test_an_idle_queue_whose_head_is_due_always_starts_it(queue: list[One], limit: int) -> None:
    if queue and not any(one.active for one in queue) and queue[0].ready_at <= NOW:
        assert choose(queue, policy=Policy(limit=limit), running=0, now=NOW).execution == queue[0].execution


@given(queue=queues, limit=st.integers(min_value=1, max_value=5))
def test_a_paused_host_starts_nothing_and_names_the_pause_for_whatever_waits(queue: list[One], limit: int) -> None:
    choice = choose(queue, policy=Policy(limit=limit), running=sum(one.active for one in queue), now=NOW, closed="paused: x by ops")
    assert choice.execution == ""
    assert choice.until is None
    assert choice.waiting in ("", "paused: x by ops")
    assert choice.waiting or all(one.active for one in queue[: limit + 1])
