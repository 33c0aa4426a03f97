"""One queue's backlog delays another's head by one round of the slots, and one action's backlog never delays another's queue at all."""

import pytest

from attune_core.wire.assignment import Policy, Rate
from tests.agent.assignments import assignment
from tests.agent.world import World

BACKLOG = 10_000


async def ends(world: World, count: int) -> None:
    for _ in range(count):
        execution, attempt = world.host.running[0]
        world.host.finish(execution, attempt)
        await world.settle(20)


@pytest.mark.parametrize("slots", [1, 4])
async def test_a_backlog_of_ten_thousand_delays_another_queues_head_by_one_round_at_most(slots: int) -> None:
    world = World(slots=slots)
    world.start()
    await world.assign(*[assignment(f"a{number}", number, policy=Policy(limit=1000)) for number in range(1, BACKLOG + 1)])
    await ends(world, 5)
    before = len(world.host.witness)
    await world.assign(assignment("b1", 1, key='"b"'), assignment("b2", 2, key='"b"'))
    await ends(world, 2)
    after = world.host.started()[before:]
    assert after.index("b1") <= 1, "the slot that was free next was the other queue's turn, or the one after it"
    await world.kill()


async def test_every_head_has_its_turn_before_any_queue_has_a_second_one() -> None:
    world = World(slots=3)
    world.start()
    names = [f"q{number}" for number in range(40)]
    await world.assign(
        *[assignment(f"{name}.{number}", number, key=f'"{name}"', policy=Policy(limit=5)) for name in names for number in (1, 2, 3)]
    )
    await ends(world, 3 * len(names) - 3)
    order = [execution.partition(".")[0] for execution in world.host.started()]
    for start in range(0, len(order), len(names)):
        assert sorted(order[start : start + len(names)]) == sorted(names)
    await world.kill()


async def test_an_action_that_may_not_start_delays_no_other() -> None:
    """Its rate is spent, its queue paused or its head held: the slots are the others'."""
    world = World(slots=2)
    world.start()
    rated = Policy(limit=100, rate=Rate(limit=1, per=3600.0))
    await world.assign(*[assignment(f"a{number}", number, action="db.dump", policy=rated) for number in range(1, 2001)])
    await ends(world, 1)
    await world.assign(*[assignment(f"b{number}", number) for number in range(1, 21)])
    await ends(world, 20)
    assert world.host.started() == ["a1", *[f"b{number}" for number in range(1, 21)]]
    await world.kill()
