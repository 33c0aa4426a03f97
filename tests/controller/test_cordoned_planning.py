"""Planning beside cordoned agents: nothing new on them, nothing passes what they hold, and what that changes is said."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from attune_controller.store.records.executions import Execution, Move
from attune_core.catalog.catalog import Catalog
from attune_core.states import Outcome, Reason, State
from tests.controller.test_planning import World, catalog, world

__all__ = ["catalog", "world"]  # fixtures

EARLIER = "earlier work of its key is not settled on a, which is cordoned"


def cordon(world: World, *names: str) -> None:
    world.hosts[:] = [replace(host, cordoned=host.name in names) for host in world.hosts]


async def alert(world: World, unit: str, number: int) -> None:
    await world.send({"unit": unit, "level": 5}, event_id=f"{unit}-{number}")
    await world.planner.plan_all()


async def loud(world: World) -> list[Execution]:
    return [one for one in await world.executions() if one.new.rule == "web.loud"]


async def settle(world: World, execution: Execution) -> None:
    move = Move(execution=execution.new.id, attempt=1, state=State.SETTLED, at=1.0, outcome=Outcome.SUCCEEDED)
    await world.store.record_moves([move])


async def reason(world: World, number: int) -> str:
    event = await world.store.find_event("t", f"nginx-{number}")
    assert event is not None
    return event.reason


async def test_pick_all_leaves_a_cordoned_agent_out_and_says_so(world: World) -> None:
    cordon(world, "a")
    await alert(world, "nginx", 1)
    assert [one.agent for one in await world.executions() if one.new.rule == "web.every"] == ["b"]
    assert await reason(world, 1) == "web.every: left out, because cordoned: a"


async def test_what_matches_only_cordoned_agents_waits_and_is_rejected_with_their_names(world: World) -> None:
    cordon(world, "a", "b")
    await alert(world, "nginx", 1)
    assert [one.agent for one in await world.executions()] == ["", ""]
    assert "web.loud: waits: every agent with role=web is cordoned: a, b" in await reason(world, 1)
    world.clock.time += world.planner.agent_wait + 1
    await world.planner.place_waiting()
    found = await loud(world)
    assert [(one.outcome, one.reason) for one in found] == [(Outcome.REJECTED, Reason.NO_AGENT)]
    assert found[0].detail == "every agent with role=web is cordoned: a, b"


async def test_work_of_a_key_waits_until_the_cordoned_agent_has_settled_what_it_holds_of_it(world: World) -> None:
    cordon(world, "b")
    await alert(world, "nginx", 1)
    cordon(world, "a")
    for number in (2, 3):
        await alert(world, "nginx", number)
    assert [one.agent for one in await loud(world)] == ["a", "", ""]
    assert f"web.loud: waits: {EARLIER}" in await reason(world, 2)
    await settle(world, (await loud(world))[0])
    await alert(world, "nginx", 4)  # nothing holds the key any more, but 2 and 3 are before it
    assert [one.agent for one in await loud(world)] == ["a", "", "", ""]
    await world.planner.place_waiting()
    assert [(one.agent, one.sequence) for one in await loud(world)] == [("a", 1), ("b", 1), ("b", 2), ("b", 3)]
    await alert(world, "nginx", 5)
    assert (await loud(world))[-1].sequence == 4


async def test_what_waited_for_an_uncordoned_agent_goes_before_what_is_newer(world: World) -> None:
    cordon(world, "a", "b")
    await alert(world, "nginx", 1)
    cordon(world, "b")
    await alert(world, "nginx", 2)
    assert [(one.new.event, one.agent, one.sequence) for one in await loud(world)] == [(1, "a", 1), (2, "a", 2)]


STEPS = st.lists(
    st.one_of(
        st.sampled_from(["", "a", "b", "ab"]).map(frozenset),  # these are cordoned now
        st.sampled_from(["alert x", "alert y", "alert x", "settle first", "settle first", "settle last", "place"]),
    ),
    max_size=20,
)


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
@example(steps=["alert y", frozenset("ab"), "alert x", frozenset(), "alert x"])  # the fleet is again as it was when it was last looked at
async def test_no_cordon_makes_work_of_a_key_pass_earlier_work_of_it(catalog: Catalog, steps: Sequence[str | frozenset[str]]) -> None:
    world = World(catalog)
    for number, step in enumerate([*steps, frozenset[str](), "place"]):
        unsettled = [one for one in await loud(world) if one.state is not State.SETTLED]
        match step:
            case "place":
                await world.planner.place_waiting()
            case "settle first" | "settle last":
                placed = [one for one in unsettled if one.agent]
                for one in placed[:1] if step == "settle first" else placed[-1:]:
                    await settle(world, one)
            case str():
                await alert(world, step.removeprefix("alert ") * 2, number)
            case _:
                cordon(world, *step)
        await check(world, unsettled)


async def check(world: World, before: Sequence[Execution]) -> None:
    """In each key, what stands unsettled at one agent and what waits come after one another, as their events do."""
    found = await loud(world)
    cordoned = {host.name for host in world.hosts if host.cordoned}
    was = {one.new.id: one.agent for one in before}
    for one in found:
        if one.agent and not was.get(one.new.id):
            assert one.agent not in cordoned or one.state is State.SETTLED or one.new.id in was, "placed on a cordoned agent"
    for key in {one.new.key for one in found}:
        unsettled = [one for one in found if one.new.key == key and one.state is not State.SETTLED]
        placed = [one for one in unsettled if one.agent]
        assert len({one.agent for one in placed}) <= 1, "a key is in one place"
        assert [one.new.event for one in placed] == sorted(one.new.event for one in placed)
        assert [one.sequence for one in placed] == sorted(one.sequence for one in placed)
        waiting = [one.new.event for one in unsettled if not one.agent]
        assert not placed or not waiting or max(one.new.event for one in placed) < min(waiting), "something passed what waits"
