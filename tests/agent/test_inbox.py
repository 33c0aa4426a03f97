"""Only the successor of what is durable is appended, and nothing is acknowledged before it is."""

import asyncio

import pytest

from attune_agent.errors import FrameRefused, StateUnwritable
from attune_agent.inbox import Verdict, judge
from attune_agent.state.memory import MemoryState
from attune_agent.state.records import Held
from attune_core.states import Outcome, Reason
from attune_core.wire.assignment import Policy
from tests.agent.assignments import assignment
from tests.agent.world import QUEUE, World


def held(last: int, epoch: int = 0) -> Held:
    return Held(queue=QUEUE, epoch=epoch, last=last)


@pytest.mark.parametrize(
    ("sequence", "after", "last", "verdict"),
    [
        (1, 0, 0, Verdict.NEXT),
        (5, 3, 3, Verdict.NEXT),
        (3, 2, 3, Verdict.REPEATED),
        (1, 0, 3, Verdict.REPEATED),
        (5, 4, 3, Verdict.REFUSED),
        (5, 0, 3, Verdict.REFUSED),
        (2, 1, 0, Verdict.REFUSED),
    ],
)
def test_an_assignment_is_next_repeated_or_refused(sequence: int, after: int, last: int, verdict: Verdict) -> None:
    assert judge(assignment("e", sequence, after=after), last=last, epoch=0) is verdict


def test_an_epoch_that_is_over_is_refused() -> None:
    assert judge(assignment("e", 1, after=0, epoch=1), last=0, epoch=2) is Verdict.REFUSED


async def test_what_is_next_is_appended_and_acknowledged(world: World) -> None:
    await world.assign(assignment("1", 1), assignment("2", 2))
    assert world.acks == [held(2)]
    assert list(world.fifo.waiting(QUEUE)) == ["1", "2"]


async def test_the_acknowledgement_comes_after_the_commit_and_not_before(world: World) -> None:
    world.inbox.assign([assignment("1", 1)])
    assert world.acks == []
    await world.settle()
    assert world.acks == [held(1)]


async def test_a_repeated_one_is_acknowledged_again_and_not_appended(world: World) -> None:
    await world.assign(assignment("1", 1), assignment("2", 2))
    await world.assign(assignment("1", 1))
    assert world.acks == [held(2), held(2)]
    assert len(world.fifo) == 2


async def test_a_repeated_one_that_is_settled_is_not_run_again(world: World) -> None:
    await world.assign(assignment("1", 1))
    await world.finish("1")
    await world.assign(assignment("1", 1))
    assert world.host.witness == [("1", 1)]
    await world.restart()
    await world.assign(assignment("1", 1))
    assert world.host.witness == [("1", 1)]


async def test_a_gap_is_refused_with_the_last_that_is_held(world: World) -> None:
    await world.assign(assignment("1", 1))
    await world.assign(assignment("3", 3), assignment("4", 4))
    assert set(world.acks) == {held(1)}
    assert list(world.fifo.waiting(QUEUE)) == ["1"]
    await world.assign(assignment("2", 2), assignment("3", 3))
    assert world.acks[-1] == held(3)


async def test_sequences_may_be_spread_when_after_says_so(world: World) -> None:
    await world.assign(assignment("1", 4, after=0), assignment("2", 9, after=4))
    assert world.acks == [held(9)]


async def test_a_new_epoch_begins_anew_behind_the_old_one(world: World) -> None:
    await world.assign(assignment("1", 5, after=0), assignment("2", 1, epoch=1))
    assert world.acks == [held(5), held(1, epoch=1)]
    assert world.host.started() == ["1"]
    await world.finish("1")
    assert world.host.started() == ["1", "2"]


async def test_one_execution_under_two_positions_is_a_defect_of_the_sender(world: World) -> None:
    await world.assign(assignment("1", 1))
    with pytest.raises(FrameRefused):
        world.inbox.assign([assignment("1", 2)])


async def test_what_cannot_be_stored_is_not_acknowledged_not_held_and_may_come_again(world: World) -> None:
    assert isinstance(world.state, MemoryState)
    await world.assign(assignment("1", 1))
    world.state.failure = StateUnwritable("disk full")
    await world.assign(assignment("2", 2), assignment("3", 3))
    assert [held(1)] == world.acks
    assert len(world.failures) == 1
    assert list(world.inbox.held()) == [held(1)]
    assert list(world.fifo.waiting(QUEUE)) == ["1"]
    world.state.failure = None
    await world.assign(assignment("2", 2))
    assert world.acks[-1] == held(2)


async def test_what_could_not_be_stored_never_starts(world: World) -> None:
    assert isinstance(world.state, MemoryState)
    world.state.failure = StateUnwritable("disk full")
    await world.assign(assignment("1", 1))
    assert world.host.witness == []


async def test_a_hello_names_only_what_is_durable(world: World) -> None:
    world.inbox.assign([assignment("1", 1)])
    assert list(world.inbox.held()) == []
    await world.settle()
    assert list(world.inbox.held()) == [held(1)]


async def test_one_that_waits_is_cancelled_without_a_start(world: World) -> None:
    await world.assign(assignment("1", 1), assignment("2", 2), assignment("3", 3))
    world.inbox.cancel("2", Reason.OPERATOR)
    await world.settle()
    report = world.settled("2")
    assert (report.outcome, report.reason) == (Outcome.CANCELLED, Reason.OPERATOR)
    await world.finish("1")
    assert world.host.started() == ["1", "3"]


async def test_a_cancellation_that_comes_before_its_execution_holds_when_it_comes(world: World) -> None:
    world.inbox.cancel("1", Reason.REMOVED)
    await world.settle()
    world.closed = "not yet"
    await world.assign(assignment("1", 1))
    assert world.settled("1").reason is Reason.REMOVED
    assert world.host.witness == []


async def test_policies_are_followed_and_outlive_a_restart(world: World) -> None:
    world.inbox.activate("r2", {"web.restart": Policy(limit=2)})
    await world.settle()
    await world.restart()
    await world.assign(*[assignment(str(number), number) for number in range(1, 4)])
    assert world.host.started() == ["1", "2"]


async def test_a_preparation_of_what_could_not_be_stored_ends_without_a_word_and_what_comes_again_starts_once(world: World) -> None:
    """Found by the machine: it went on, and started what a cancellation was just settling."""
    assert isinstance(world.state, MemoryState)
    world.preparation.gates["1"] = asyncio.Event()
    world.state.failure = StateUnwritable("disk full")
    world.inbox.assign([assignment("1", 1)])
    await asyncio.sleep(0)
    await world.settle()
    assert world.reports() == []
    world.state.failure = None
    await world.assign(assignment("1", 1))
    world.inbox.cancel("1", Reason.OPERATOR)
    world.preparation.gates["1"].set()
    await world.settle()
    assert world.settled("1").outcome is Outcome.CANCELLED
    assert world.host.witness == []


async def test_the_same_policies_again_change_nothing(world: World) -> None:
    told: list[None] = []
    world.inbox.policies_changed = lambda: told.append(None)
    for _ in range(2):
        world.inbox.activate("r2", {"web.restart": Policy(limit=2)})
    assert len(told) == 1


async def test_policies_that_are_not_on_disk_hold_all_the_same(world: World) -> None:
    assert isinstance(world.state, MemoryState)
    world.state.failure = StateUnwritable("disk full")
    world.inbox.activate("r2", {"web.restart": Policy(limit=2)})
    await world.settle()
    world.state.failure = None
    await world.assign(assignment("1", 1), assignment("2", 2))
    assert world.host.started() == ["1", "2"]


@pytest.mark.parametrize("what", ["cancel", "requeue"])
async def test_a_defect_in_a_withdrawal_costs_that_one_alone(world: World, what: str) -> None:
    await world.assign(assignment("1", 1), assignment("2", 2))

    async def fail(*_what: object) -> bool:
        raise ZeroDivisionError

    setattr(world.withdrawals, what, fail)
    world.inbox.cancel("2", Reason.OPERATOR)
    world.inbox.requeue("2")
    await world.settle()
    await world.finish("1")
    assert world.settled("1").outcome is Outcome.SUCCEEDED


async def test_cancellations_of_what_never_came_are_bounded(world: World) -> None:
    for number in range(10_001):
        world.inbox.cancel(f"x{number}", Reason.OPERATOR)
    await world.settle()
    await world.assign(assignment("x0", 1), assignment("x1", 1, key='"b"'))
    assert world.host.started() == ["x0"]
    assert world.settled("x1").outcome is Outcome.CANCELLED


async def test_a_program_that_ends_answers_nothing(world: World) -> None:
    written: list[asyncio.Future[None]] = []
    append = world.state.append

    def remember(*what: object, **how: object) -> asyncio.Future[None]:
        written.append(append(*what, **how))  # type: ignore[arg-type]  # passed on
        return written[-1]

    world.state.append = remember  # type: ignore[method-assign]  # what is written is looked at on its way
    world.closed = "not yet"
    world.inbox.assign([assignment("1", 1)])
    written[0].cancel()
    await world.settle()
    assert world.acks == []


async def test_after_its_session_what_becomes_durable_is_told_by_the_next_hello(world: World) -> None:
    world.inbox.disconnect()
    await world.assign(assignment("1", 1))
    assert world.acks == []
    assert list(world.inbox.held()) == [held(1)]


async def test_what_could_not_be_stored_while_it_was_being_skipped_is_skipped_when_it_comes_again(world: World) -> None:
    """Found by the machine: nobody looked at it any more."""
    assert isinstance(world.state, MemoryState)
    skipping = Policy(when_busy="skip")
    await world.assign(assignment("1", 1, policy=skipping))
    world.state.failure = StateUnwritable("disk full")
    await world.assign(assignment("2", 2, policy=skipping))
    world.state.failure = None
    await world.assign(assignment("2", 2, policy=skipping))
    await world.pass_time(1.0)
    assert world.settled("2").reason is Reason.SKIPPED
    await world.finish("1")
    assert not len(world.fifo)


async def test_an_end_that_waits_for_the_disk_ends_nothing_that_has_come_again_meanwhile(world: World) -> None:
    assert isinstance(world.state, MemoryState)
    skipping = Policy(when_busy="skip")
    await world.assign(assignment("1", 1, policy=skipping))
    world.state.failure = StateUnwritable("disk full")
    await world.assign(assignment("2", 2, policy=skipping))
    world.state.failure = None
    world.inbox.activate("r2", {"web.restart": Policy(limit=2)})
    await world.assign(assignment("2", 2))
    await world.pass_time(1.0)
    assert world.host.started() == ["1", "2"]
    await world.finish("2")
    assert world.settled("2").outcome is Outcome.SUCCEEDED
