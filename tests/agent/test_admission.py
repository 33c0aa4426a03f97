"""Who may start in a queue: the table of cases, and what must hold for every queue whatsoever (reliability.md G7, G9)."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune_agent.admission import Head, Start, Wait, admit, choose
from attune_agent.rate import BucketKey
from attune_core.catalog.documents import read_document
from attune_core.states import Reason
from attune_core.values import JsonValue
from attune_core.wire.frames import Policy

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
