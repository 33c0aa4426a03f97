"""An event that comes alone is stored with its plan: the same plan, in the same order, or it goes the long way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from attune_controller import planning
from attune_controller.store.errors import StoreFull
from attune_controller.store.records.events import Acceptance, Event, EventStatus, NewEvent
from attune_controller.store.records.executions import Execution
from attune_controller.store.records.plans import PlannedEvent
from attune_controller.suspects import Suspects
from attune_core.catalog.catalog import Catalog
from attune_core.values import JsonObject
from tests.controller.test_planning import World, catalog
from tests.controller.test_throttled_planning import catalog_of
from tests.waiting import eventually

__all__ = ["catalog"]  # a fixture

NGINX: JsonObject = {"unit": "nginx", "level": 5}


def watched(world: World) -> list[str]:
    """Return a list that fills with what the store is asked by planning, from now on."""
    asked: list[str] = []
    store = world.store
    together, look = store.accept_planned, store.unplanned

    async def accept_planned(
        event: NewEvent, plan: PlannedEvent, *, over_before: float = 0.0, followed: bool = False
    ) -> tuple[Acceptance, Sequence[Execution]]:
        asked.append("together")
        return await together(event, plan, over_before=over_before, followed=followed)

    async def unplanned(*, limit: int, certain: bool = True) -> Sequence[Event]:
        asked.append("look")
        return await look(limit=limit, certain=certain)

    store.accept_planned, store.unplanned = accept_planned, unplanned  # type: ignore[method-assign]  # of this store alone
    return asked


async def running(world: World) -> asyncio.Task[None]:
    """Let its planner run until it rests after its first plan."""
    planner = asyncio.create_task(world.planner.run())
    await world.send({"unit": "first"}, event_id="first")
    await eventually(lambda: not world.store.tables.unplanned and world.planner._resting)
    return planner


@pytest.fixture
async def world(catalog: Catalog) -> AsyncIterator[World]:
    world = World(catalog)
    planner = await running(world)
    yield world
    planner.cancel()


async def status(world: World, position: int) -> EventStatus:
    event = await world.store.event(position)
    assert event is not None
    return event.status


async def test_it_is_planned_when_its_sender_is_answered_and_nobody_looks_for_it(world: World) -> None:
    asked = watched(world)
    position = await world.send(NGINX)
    assert await status(world, position) is EventStatus.PLANNED
    assert {one.new.rule for one in await world.executions() if one.new.event == position} == {"web.every", "web.loud"}
    assert asked == ["together"]


async def test_those_that_come_together_are_planned_in_their_order(world: World) -> None:
    positions = await asyncio.gather(*(world.send(NGINX, event_id=str(number)) for number in range(9)))
    await eventually(lambda: not world.store.tables.unplanned)
    loud = [one for one in await world.executions() if one.new.rule == "web.loud"]
    assert [one.new.event for one in loud] == sorted(positions)
    assert [one.sequence for one in loud] == list(range(1, 10))


async def test_one_that_waits_for_an_agent_is_placed_when_one_appears(world: World) -> None:
    position = await world.send({"unit": "lonely", "level": 0})
    world.hosts.append(type(world.hosts[0])("z", {"role": "none"}))
    world.planner.wake()
    await eventually(lambda: "z" in world.told)
    assert await status(world, position) is EventStatus.PLANNED


@pytest.mark.parametrize(
    ("data", "hops", "limit", "told"),
    [(NGINX, 17, 9, "core.dead_letter"), ({"unit": "nginx", "level": 0}, 0, 0, "core.queue_full")],
)
async def test_what_is_told_by_an_event_of_its_own_goes_the_long_way(
    world: World, data: JsonObject, hops: int, limit: int, told: str
) -> None:
    world.planner.bound.limit = limit
    asked = watched(world)
    await world.send(data, hops=hops)
    await eventually(lambda: told in world.planned())
    assert "together" not in asked


async def test_one_that_a_group_waits_for_goes_the_long_way() -> None:
    world = World(catalog_of(page={"throttle": {"debounce": "5m", "key": "${{ event.data.unit }}"}}))
    world.clock.time = 1.0
    planner = await running(world)
    asked = watched(world)
    await world.send({"unit": "a"})
    await eventually(lambda: not world.store.tables.unplanned)
    assert "together" not in asked
    assert len(world.store.tables.groups) == 2
    planner.cancel()


async def test_what_planning_fails_at_is_stored_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_event: Event, _catalog: Catalog) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(planning, "draft", broken)
    position = await world.send(NGINX)
    assert await status(world, position) is EventStatus.ACCEPTED, "the planner meets the defect where it is suspected of it"


async def test_after_a_life_that_was_cut_off_all_are_stored_first(catalog: Catalog, tmp_path: Path) -> None:
    place = tmp_path / "suspects.json"
    Suspects(place).may_plan_ahead(0.0)
    world = World(catalog, suspects=Suspects(place))
    planner = await running(world)
    asked = watched(world)
    await world.send(NGINX)
    await eventually(lambda: not world.store.tables.unplanned)
    assert "together" not in asked
    planner.cancel()


async def test_a_planner_that_is_stopped_was_not_cut_off(catalog: Catalog, tmp_path: Path) -> None:
    place = tmp_path / "suspects.json"
    world = World(catalog, suspects=Suspects(place))
    planner = await running(world)
    await world.send(NGINX)
    assert not Suspects(place).may_plan_ahead(0.0), "while it lives"
    planner.cancel()
    await asyncio.wait([planner])
    assert Suspects(place).may_plan_ahead(0.0)


async def test_a_full_disk_is_said_to_the_sender_and_planning_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object, **__: object) -> None:
        raise StoreFull("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "accept_planned", full)
        patched.setattr(world.store, "accept_events", full)
        with pytest.raises(StoreFull):
            await world.send(NGINX)
    await world.send(NGINX)
    await eventually(lambda: not world.store.tables.unplanned)


async def test_a_sender_that_goes_changes_nothing(world: World) -> None:
    noted: list[Execution] = []
    world.planner._waits = noted.append
    sending = asyncio.create_task(world.send(NGINX))
    await asyncio.sleep(0)
    sending.cancel()
    await eventually(lambda: bool(noted))
    assert {one.new.rule for one in noted} == {"web.every", "web.loud"}
