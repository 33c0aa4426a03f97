"""Forgetting beside planning: nothing is placed on an agent that is no more, and what it leaves goes before what is newer."""

import asyncio

from attune_controller.departing import Departing
from attune_controller.departures import end_when_forgotten
from attune_controller.fleet import Fleet
from attune_controller.marking import Marking
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.store.records.agents import Departure
from attune_controller.store.records.credentials import JoinToken
from attune_core.ports import SystemRandom
from attune_core.states import Outcome, Reason, State
from tests.controller.store.making import agent
from tests.controller.test_planning import Host, World, catalog, world

__all__ = ["catalog", "world"]  # fixtures


async def alert(world: World, number: int) -> None:
    await world.send({"unit": "nginx", "level": 5}, event_id=f"{number}")
    await world.planner.plan_all()


async def loud(world: World) -> list[tuple[int, str, int]]:
    return [(one.new.event, one.agent, one.sequence) for one in await world.executions() if one.new.rule == "web.loud"]


async def enrol(world: World, *names: str) -> None:
    for name in names:
        await world.store.add_join_token(JoinToken(token_hash=name, name=name, labels={}, expires_at=9e9))
        await world.store.enrol(agent(name), name, 1.0)


def departing(world: World) -> Departing:
    fleet, sessions, random = Fleet(), OpenSessions(), SystemRandom()
    fleet.enrolled([agent("a"), agent("b")])
    marking = Marking(world.store, fleet, sessions, clock=world.clock, random=random, changed=world.planner.wake)
    return Departing(world.store, fleet, sessions, marking, world.planner, clock=world.clock, random=random)


async def test_what_a_forgotten_agent_leaves_is_placed_in_position_order_before_what_is_newer(world: World) -> None:
    await enrol(world, "a", "b")
    world.hosts[:] = [Host("a")]
    for number in (1, 2):
        await alert(world, number)
    assert await loud(world) == [(1, "a", 1), (2, "a", 2)]
    world.hosts[:] = [Host("b")]
    assert (await departing(world).forget("a", note="gone", by="ops")).released == 2
    await alert(world, 3)
    assert await loud(world) == [(1, "b", 1), (2, "b", 2), (6, "b", 3)], "3 tells of the forgetting, 4 and 5 of what was for a alone"


async def test_what_is_left_waits_from_then_on_for_as_long_as_anything_else(world: World) -> None:
    await enrol(world, "a")
    world.hosts[:] = [Host("a")]
    await alert(world, 1)
    world.hosts.clear()
    world.clock.time += 10 * world.planner.agent_wait
    await departing(world).forget("a", note="gone", by="ops")
    world.clock.time += world.planner.agent_wait - 1
    await world.planner.place_waiting()
    assert await loud(world) == [(1, "", 0)]
    world.clock.time += 2
    await world.planner.place_waiting()
    (found,) = [one for one in await world.executions() if one.new.rule == "web.loud"]
    assert (found.state, found.outcome, found.reason) == (State.SETTLED, Outcome.REJECTED, Reason.NO_AGENT)


async def test_one_execution_per_agent_names_its_agent_and_ends_with_it(world: World) -> None:
    await enrol(world, "a", "b")
    await alert(world, 1)
    every = [one for one in await world.executions() if one.new.rule == "web.every"]
    assert [one.new.match for one in every] == [{"role": "web", "name": "a"}, {"role": "web", "name": "b"}]
    world.hosts[:] = [Host("b")]
    await departing(world).forget("a", note="gone", by="ops")
    found = await world.store.execution(every[0].new.id)
    assert found is not None
    assert (found.reason, found.detail) == (Reason.NO_AGENT, "it was for a alone, and a was forgotten")


async def test_nothing_is_planned_while_an_agent_is_being_forgotten(world: World) -> None:
    await enrol(world, "a")
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def release() -> Departure:
        begun.set()
        await may_end.wait()
        world.hosts[:] = [Host("b")]
        return await world.store.forget("a", end_when_forgotten("a", 1.0), (await world.store.events(before=None, limit=1)).events[0].new)

    await world.send({"unit": "nginx", "level": 5})
    forgetting = asyncio.create_task(world.planner.between_batches(release))
    await begun.wait()
    planning = asyncio.create_task(world.planner.plan_all())
    await asyncio.wait([planning], timeout=0.05)
    assert not planning.done()
    may_end.set()
    await asyncio.gather(forgetting, planning)
    assert await loud(world) == [(1, "b", 1)]
