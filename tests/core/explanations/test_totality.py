"""Whatever the facts are, there is one answer, in every state, with and without an agent, a queue, a policy; hostile words stay words."""

import shlex
from itertools import product

import pytest

from attune_core.explanations.execution import explain_execution
from attune_core.explanations.wording import about, left, value_text
from attune_core.states import Outcome, Reason, State
from attune_core.wire.api import AgentView, ExecutionView, MarkView
from attune_core.wire.explanations import (
    Cause,
    ExecutionFacts,
    HolderView,
    PlacementView,
    PolicyView,
    QueueView,
)
from attune_core.wire.queues import QueuePause

NOW, BEFORE = "2026-01-31T12:00:00.000000Z", "2026-01-31T11:59:00.000000Z"
SELF, OTHER = "01980000-0000-7000-8000-000000000012", "01980000-0000-7000-8000-000000000009"


def execution(state: State, outcome: Outcome | None = None, reason: Reason | None = None, *, attempt: int = 0) -> ExecutionView:
    return ExecutionView(
        id=SELF,
        number=12,
        action="web.restart",
        rule="",
        event=17,
        agent="" if state is State.ACCEPTED else "web1",
        queue_key="null",
        epoch=0,
        sequence=7,
        revision="a" * 40,
        state=state,
        outcome=outcome,
        reason=reason,
        attempt=attempt,
        accepted_at=BEFORE,
    )


def agent(state: str, *marks: str) -> AgentView:
    found = [MarkView(kind=kind, note="", by="ops", since=BEFORE, applied=False) for kind in marks]
    return AgentView(name="web1", labels={}, state=state, slots=1, busy=1, marks=found, enrolled_at=BEFORE)


def holder(number: int, state: State) -> HolderView:
    return HolderView(number=number, id=OTHER, action="web.restart", agent="web1", state=state, attempt=0)


QUEUES = (
    None,
    QueueView(place="web1", action="web.restart", key="null", depth=1, head=SELF),
    QueueView(place="web1", action="web.restart", key="null", depth=2, ahead=1),
    QueueView(place="web1", action="web.restart", key="null", depth=2, ahead=1, before=(holder(9, State.QUEUED),), head=OTHER, until=NOW),
    QueueView(
        place="*",
        action="web.restart",
        key='"a"',
        depth=1,
        head=SELF,
        waiting_for="rate ",
        pauses=(QueuePause(action="web.restart", key='"a"', note="", by="ops", since=BEFORE),),
    ),
)
AGENTS = (None, agent("unreachable"), agent("connected"), agent("connected", "cordoned", "draining", "paused"))
ENDS = [(State.SETTLED, outcome, reason) for outcome in Outcome for reason in (None, *Reason)]
STANDS = [(state, None, None) for state in State if state is not State.SETTLED]


@pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: "none" if queue is None else f"{queue.ahead} before {queue.head or 'it'}")
def test_there_is_an_answer_for_every_state_and_end(queue: QueueView | None) -> None:
    policies = (None, PolicyView(limit=1, timeout=60.0, start_within=30.0))
    for (state, outcome, reason), who, policy, attempt in (
        *product(STANDS, AGENTS, policies, (0, 2)),
        *product(ENDS, AGENTS[3:], policies, (1,)),
    ):
        facts = ExecutionFacts(
            now=NOW,
            execution=execution(state, outcome, reason, attempt=attempt),
            handed=attempt > 0,
            policy=policy,
            queue=queue,
            agent=who,
            placement=PlacementView() if state is State.ACCEPTED else None,
            active_revision="c" * 40,
        )
        found = explain_execution(facts)
        assert found.answer.text.startswith("Execution 12 "), found.answer
        assert found.answer.text.endswith("."), found.answer
        assert "  " not in found.answer.text, found.answer
        assert len({answer.cause for answer in (found.answer, *found.also)}) == 1 + len(found.also), "each cause once"


def test_what_has_ended_is_never_said_to_wait() -> None:
    for state, outcome, reason in ENDS:
        facts = ExecutionFacts(now=NOW, execution=execution(state, outcome, reason), queue=QUEUES[3], agent=AGENTS[3])
        found = explain_execution(facts)
        assert not found.also, found.also
        assert found.answer.cause in {
            Cause.SETTLED,
            Cause.SECRET_MISSING,
            Cause.QUEUE_FULL,
            Cause.NO_AGENT,
            Cause.EXPIRED,
            Cause.SUPERSEDED,
            Cause.SKIPPED,
        }


def test_a_command_to_type_does_nothing_but_what_it_says() -> None:
    hostile = "$(rm -rf /); `x` \n'\""
    one = execution(State.SETTLED, Outcome.FAILED, Reason.SECRET_MISSING).model_copy(
        update={"input": {"unit": hostile}, "secrets": {"token": hostile}, "detail": hostile}
    )
    found = explain_execution(ExecutionFacts(now=NOW, execution=one, input_shown=True))
    [command] = [remedy.command for remedy in found.answer.remedies if remedy.command]
    words = shlex.split(command)
    assert words[:4] == ["attune", "action", "run", "web.restart"]
    assert words[words.index("--secret") + 1] == f"token={hostile}"
    assert "\n" not in found.answer.text


@pytest.mark.parametrize(
    ("seconds", "said"), [(-5.0, "0s"), (0.4, "0s"), (59.6, "1m"), (61, "1m1s"), (3600, "1h"), (3725, "1h2m"), (90_000, "1d1h")]
)
def test_durations_are_said_in_two_units(seconds: float, said: str) -> None:
    assert about(seconds) == said


def test_what_is_due_is_now_and_a_long_value_is_cut() -> None:
    assert left("2026-01-31T11:59:59.000000Z", NOW) == "now"
    assert left("2026-01-31T12:01:01.000000Z", NOW) == "in 1m1s"
    assert len(value_text("x" * 1_000_000)) == 120
    assert len(value_text({"list": ["x" * 100] * 1000})) == 120
