"""One attempt and its accidents: cancellations at every point, restarts at every point, an executor that is away or was replaced.

The witness of the host is the judge: no attempt starts twice, whatever the agent's own state says.
"""

import asyncio

import pytest

from attune_agent.errors import PackNotServed, PolicyDenied, StateUnwritable
from attune_agent.executor_errors import ExecutorUnreachable, RequestMalformed, StartRefused
from attune_agent.host import How
from attune_agent.preparation_errors import (
    BuildDelayed,
    HashMismatch,
    InstallFailed,
    PackMismatch,
    PackUnavailable,
    PackUnreadable,
    SecretMissing,
    SecretRefused,
)
from attune_agent.results import ResultRules
from attune_agent.state.memory import MemoryState
from attune_agent.state.records import Phase
from attune_core.errors import AttuneError
from attune_core.input_documents.errors import InputUnwritable
from attune_core.json_schema import SchemaValidator
from attune_core.states import Outcome, Reason, State
from attune_core.wire.assignment import Policy, Retry
from tests.agent.assignments import assignment
from tests.agent.world import World, moves
from tests.waiting import eventually

TWICE = Policy(retry=Retry(maximum_attempts=2, after=(Outcome.FAILED,), initial_interval=5.0))


async def test_an_attempt_is_reported_as_started_and_as_settled(world: World) -> None:
    await world.assign(assignment("1", 1))
    await world.finish("1", body=b'{"a": 1}')
    assert moves(world, "1") == [(State.STARTED, 1), (State.SETTLED, 1)]
    assert world.settled("1").result == {"a": 1}


async def test_the_executor_is_told_to_forget_only_after_the_outcome_is_stored(world: World) -> None:
    assert isinstance(world.state, MemoryState)
    await world.assign(assignment("1", 1))
    world.state.failure = StateUnwritable("disk full")
    await world.finish("1")
    await world.pass_time(1.0)
    assert world.host.forgotten == set()
    assert ("1", 1) in world.host.ended
    world.state.failure = None
    await world.pass_time(5.0)
    assert world.host.forgotten == {("1", 1)}
    assert world.settled("1").outcome is Outcome.SUCCEEDED


async def test_the_next_one_waits_until_the_outcome_is_stored(world: World) -> None:
    assert isinstance(world.state, MemoryState)
    await world.assign(assignment("1", 1), assignment("2", 2))
    world.state.failure = StateUnwritable("disk full")
    await world.finish("1")
    assert world.host.started() == ["1"]
    world.state.failure = None
    await world.pass_time(5.0)
    assert world.host.started() == ["1", "2"]


async def test_the_executor_asked_is_stored_before_it_is_asked(world: World) -> None:
    assert isinstance(world.state, MemoryState)
    world.host.troubles = [StartRefused("busy")]
    await world.assign(assignment("1", 1))
    stored = world.disk.items["1"]
    assert (stored.phase, stored.state_id) == (Phase.ASKED, "journal-1")
    assert world.host.witness == []


async def test_nothing_is_asked_when_that_cannot_be_stored(world: World) -> None:
    assert isinstance(world.state, MemoryState)
    world.closed = "not yet"
    await world.assign(assignment("1", 1))
    world.state.failure = StateUnwritable("disk full")
    world.closed = ""
    world.lanes.touch_all()
    await world.settle()
    assert world.host.witness == []
    assert "disk full" in world.lanes.status(limit=1)[0].waiting_for
    world.state.failure = None
    await world.pass_time(1.0)
    assert world.host.witness == [("1", 1)]


REFUSALS: list[tuple[AttuneError, Outcome, Reason]] = [
    (InstallFailed("npm ended with exit code 1"), Outcome.FAILED, Reason.ENVIRONMENT_FAILED),
    (SecretMissing("there is no secret token on this agent"), Outcome.FAILED, Reason.SECRET_MISSING),
    (SecretRefused("others can read it"), Outcome.FAILED, Reason.SECRET_MISSING),
    (PackMismatch("another digest"), Outcome.REJECTED, Reason.PACK_MISMATCH),
    (PackUnreadable("no pack.yaml"), Outcome.REJECTED, Reason.PACK_MISMATCH),
    (PolicyDenied("not here"), Outcome.REJECTED, Reason.POLICY_DENIED),
    (InputUnwritable("the input has 3000000 bytes as dotenv"), Outcome.REJECTED, Reason.INPUT_INVALID),
]


@pytest.mark.parametrize(("error", "outcome", "reason"), REFUSALS, ids=lambda one: type(one).__name__)
async def test_a_failed_preparation_settles_without_a_start(world: World, error: AttuneError, outcome: Outcome, reason: Reason) -> None:
    world.preparation.troubles["1"] = [error]
    await world.assign(assignment("1", 1), assignment("2", 2))
    report = world.settled("1")
    assert (report.outcome, report.reason) == (outcome, reason)
    assert error.message in report.detail
    assert world.host.witness == [("2", 1)]


@pytest.mark.parametrize("in_memory", [True, False])
async def test_secrets_go_into_a_file_only_where_it_lies_in_memory(world: World, *, in_memory: bool) -> None:
    world.preparation.only_in_memory, world.host.inputs_in_memory = True, in_memory
    await world.assign(assignment("1", 1))
    assert world.host.started() == ["1"] * in_memory
    if not in_memory:
        report = world.settled("1")
        assert (report.outcome, report.reason) == (Outcome.REJECTED, Reason.POLICY_DENIED)
        assert "tmpfs" in report.detail


async def test_a_package_with_another_hash_is_final_whatever_the_policy_says(world: World) -> None:
    world.preparation.troubles["1"] = [HashMismatch("a package is not the one of the lock")]
    await world.assign(assignment("1", 1, policy=TWICE))
    report = world.settled("1")
    assert (report.outcome, report.reason, report.attempt) == (Outcome.FAILED, Reason.ENVIRONMENT_FAILED, 1)


async def test_a_failed_preparation_is_tried_again_when_the_policy_says_so(world: World) -> None:
    world.preparation.troubles["1"] = [InstallFailed("once")]
    await world.assign(assignment("1", 1, policy=TWICE), assignment("2", 2))
    assert world.host.witness == []
    await world.pass_time(5.1)
    assert world.host.witness == [("1", 2)]


async def test_a_rejected_one_is_never_tried_again(world: World) -> None:
    world.preparation.troubles["1"] = [PackMismatch("another digest")]
    await world.assign(assignment("1", 1, policy=TWICE))
    assert world.settled("1").outcome is Outcome.REJECTED


@pytest.mark.parametrize("error", [PackUnavailable("offline"), BuildDelayed("busy"), PackNotServed("restored"), StateUnwritable("full")])
async def test_a_passing_hindrance_holds_the_place_and_uses_no_attempt(world: World, error: AttuneError) -> None:
    world.preparation.troubles["1"] = [error, error]
    await world.assign(assignment("1", 1), assignment("2", 2))
    assert world.host.witness == []
    assert error.message in world.lanes.status(limit=1)[0].waiting_for
    for _ in range(3):
        await world.pass_time(1.0)
    assert world.host.witness == [("1", 1)]


async def test_a_slow_preparation_is_said(world: World) -> None:
    world.preparation.gates["1"] = asyncio.Event()
    await world.assign(assignment("1", 1))
    await eventually(lambda: bool(world.reports("1")))
    assert moves(world, "1") == [(State.PREPARING, 1)]
    world.preparation.gates["1"].set()
    await world.settle()
    await world.finish("1")
    assert moves(world, "1") == [(State.PREPARING, 1), (State.STARTED, 1), (State.SETTLED, 1)]


async def test_a_host_without_room_is_asked_again_under_the_same_number(world: World) -> None:
    world.host.troubles = [StartRefused("no free slot"), StartRefused("no free slot")]
    await world.assign(assignment("1", 1), assignment("2", 2))
    assert world.host.witness == []
    await world.pass_time(1.0)
    await world.pass_time(1.0)
    assert world.host.witness == [("1", 1)]


async def test_an_answer_that_was_lost_is_asked_for_again_and_starts_nothing_twice(world: World) -> None:
    world.host.troubles = [None, ExecutorUnreachable("away")]
    await world.assign(assignment("1", 1))
    assert world.host.witness == [("1", 1)]
    await world.pass_time(1.0)
    await world.pass_time(1.0)
    await world.finish("1")
    assert world.host.witness == [("1", 1)]
    assert world.settled("1").outcome is Outcome.SUCCEEDED


async def test_a_lost_answer_and_then_another_executor_is_lost_and_not_run_again(world: World) -> None:
    world.host.troubles = [None]
    await world.assign(assignment("1", 1, policy=TWICE))
    world.host.replace_state()
    await world.pass_time(1.0)
    report = world.settled("1")
    assert (report.outcome, report.reason) == (Outcome.LOST, Reason.START_UNKNOWN)
    assert world.host.witness == [("1", 1)]


async def test_a_malformed_request_fails_instead_of_holding_the_queue_for_ever(world: World) -> None:
    world.host.troubles = [RequestMalformed("argv holds NUL")]
    await world.assign(assignment("1", 1), assignment("2", 2))
    assert world.settled("1").reason is Reason.NOT_EXECUTABLE
    assert world.host.witness == [("2", 1)]


async def test_an_attempt_the_host_could_not_start_does_not_count(world: World) -> None:
    world.host.script = lambda request: How.NOT_STARTED if request.attempt <= 3 else None
    await world.assign(assignment("1", 1, policy=TWICE))
    for _ in range(3):
        await world.pass_time(61.0)
    assert world.host.witness == [("1", 1), ("1", 2), ("1", 3), ("1", 4)]
    await world.finish("1", 4, code=1)  # the first that counts
    await world.pass_time(6.0)
    await world.finish("1", 5, code=1)
    assert world.settled("1").attempt == 5


async def test_lost_is_not_run_again_unless_the_policy_says_so(world: World) -> None:
    await world.assign(assignment("1", 1, policy=TWICE), assignment("2", 2))
    await world.finish("1", how=How.LOST)
    assert world.settled("1").outcome is Outcome.LOST
    assert world.host.started() == ["1", "2"]


async def test_a_result_that_does_not_fit_fails_the_execution(world: World) -> None:
    world.preparation.result = ResultRules(required=True, validator=SchemaValidator({"type": "object", "required": ["a"]}))
    await world.assign(assignment("1", 1))
    await world.finish("1", body=b"{}")
    assert world.settled("1").reason is Reason.RESULT_INVALID


async def test_cancelling_a_running_one_stops_it_and_the_next_starts_only_then(world: World) -> None:
    await world.assign(assignment("1", 1), assignment("2", 2))
    world.inbox.cancel("1", Reason.OPERATOR)
    await world.settle()
    assert world.host.stopped == [("1", 1)]
    assert (world.settled("1").outcome, world.settled("1").reason) == (Outcome.CANCELLED, Reason.OPERATOR)
    assert world.host.started() == ["1", "2"]


async def test_a_cancelled_one_is_not_tried_again(world: World) -> None:
    await world.assign(assignment("1", 1, policy=TWICE))
    world.inbox.cancel("1", Reason.OPERATOR)
    await world.finish("1", code=1)  # it failed before the signal came
    assert len(world.host.witness) == 1
    assert world.settled("1").state is State.SETTLED


async def test_cancelling_during_the_preparation_settles_without_a_start(world: World) -> None:
    world.preparation.gates["1"] = asyncio.Event()
    await world.assign(assignment("1", 1), assignment("2", 2))
    world.inbox.cancel("1", Reason.REMOVED)
    await world.settle()
    assert world.settled("1").reason is Reason.REMOVED
    assert world.host.witness == [("2", 1)]


async def test_cancelling_during_a_pause_settles_at_once(world: World) -> None:
    await world.assign(assignment("1", 1, policy=TWICE), assignment("2", 2))
    await world.finish("1", code=1)
    world.inbox.cancel("1", Reason.OPERATOR)
    await world.settle()
    assert world.settled("1").outcome is Outcome.CANCELLED
    assert world.host.witness == [("1", 1), ("2", 1)]
    await world.pass_time(10.0)
    assert ("1", 2) not in world.host.witness


async def test_cancelling_while_the_executor_is_away_is_done_when_it_is_back(world: World) -> None:
    await world.assign(assignment("1", 1))
    world.host.away = True
    world.inbox.cancel("1", Reason.OPERATOR)
    await world.settle()
    world.host.away = False
    for _ in range(5):
        await world.pass_time(5.0)
    assert world.settled("1").outcome is Outcome.CANCELLED


async def test_a_cancellation_that_is_said_again_keeps_its_first_reason(world: World) -> None:
    await world.assign(assignment("1", 1))
    world.host.away = True
    world.inbox.cancel("1", Reason.SUPERSEDED)
    world.inbox.cancel("1", Reason.OPERATOR)
    await world.settle()
    world.host.away = False
    for _ in range(5):
        await world.pass_time(5.0)
    assert world.settled("1").reason is Reason.SUPERSEDED


async def test_cancelling_twice_and_after_the_end_is_harmless(world: World) -> None:
    await world.assign(assignment("1", 1))
    world.inbox.cancel("1", Reason.OPERATOR)
    world.inbox.cancel("1", Reason.OPERATOR)
    await world.settle()
    world.inbox.cancel("1", Reason.OPERATOR)
    await world.settle()
    assert world.settled("1").outcome is Outcome.CANCELLED
