"""Turns at a bucket: whoever leaves the front names the next, and nobody else wakes anybody."""

from attune_agent.rate import BucketKey
from attune_agent.state.records import QueueKey
from attune_agent.turns import Turns
from attune_core.states import Reason
from attune_core.wire.assignment import Policy, Rate
from tests.agent.assignments import assignment
from tests.agent.world import World

A, B, C = (QueueKey("web1", "web.restart", key) for key in "abc")
ONE, OTHER = BucketKey("web.restart", "1"), BucketKey("web.restart", "2")


def test_the_first_in_line_wakes_the_next_when_it_leaves() -> None:
    turns = Turns()
    for queue in (A, B, C):
        assert turns.wait(queue, ONE) is None
    assert [turns.first(queue) for queue in (A, B, C)] == [True, False, False]
    assert turns.leave(B) is None
    assert turns.leave(A) == C
    assert turns.leave(C) is None
    assert turns.leave(C) is None


def test_who_waits_keeps_its_place_and_who_changes_the_line_goes_to_its_end() -> None:
    turns = Turns()
    turns.wait(A, ONE)
    turns.wait(B, ONE)
    turns.wait(C, OTHER)
    assert turns.wait(A, ONE) is None
    assert turns.first(A)
    assert turns.wait(A, OTHER) == B
    assert (turns.first(A), turns.first(B), turns.first(C)) == (False, True, True)


async def test_a_cancelled_head_gives_its_turn_to_the_next_queue(world: World) -> None:
    policy = Policy(rate=Rate(limit=1, per=10.0))
    await world.assign(*[assignment(name, 1, key=f'"{name}"', rate_key="1", policy=policy) for name in "abd"])
    assert world.host.started() == ["a"]
    world.inbox.cancel("b", reason=Reason.OPERATOR)
    await world.settle()
    await world.pass_time(10.1)
    assert world.host.started() == ["a", "d"]
