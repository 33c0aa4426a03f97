"""Throttles in planning: durable, decided in the order of positions, and exactly what a replay of the same events says."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_controller.planning import Planner
from attune_controller.store.errors import StoreFull
from attune_controller.store.port import Store
from attune_controller.store.records.events import Event, EventStatus, NewEvent
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.load import load
from attune_core.ports import SystemRandom
from attune_core.rules.firing import Fired
from attune_core.rules.recorded import RecordedEvent
from attune_core.rules.replay import Replay
from attune_core.values import JsonObject, JsonValue
from tests.controller.test_planning import ACTION, TRIGGER, World, rule
from tests.core.catalog.memory_tree import MemoryTree

ANYWHERE: JsonObject = {"match": {"role": "web"}}
THROTTLE: JsonObject = {"once_within": "5m", "key": "${{ event.data.unit }}"}


def catalog_of(**rules: JsonObject) -> Catalog:
    documents: dict[str, JsonValue] = {
        "attune.yaml": {"format": 1, "attune": ">=0.1"},
        "packs/web/pack.yaml": {"name": "web", "version": "1.0.0", "description": "W"},
        "packs/web/triggers/alert.yaml": TRIGGER,
        "packs/web/actions/restart.yaml": ACTION,
        **{f"packs/web/rules/{name}.yaml": rule(**({"agents": ANYWHERE} | keys)) for name, keys in rules.items()},
    }
    files = {path: json.dumps(document).encode() for path, document in documents.items()}
    loaded = load(MemoryTree(files | {"packs/web/actions/restart.sh": b"true\n"}), "r1")
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


CATALOG = catalog_of(page={"throttle": THROTTLE}, once={"throttle": {"once_within": "1m"}}, each={})


async def send(store: Store, number: int, *, unit: str = "a", at: float) -> Event:
    new = NewEvent(source="t", id=str(number), type="web.alert", time=at, received_at=at, data={"unit": unit})
    event = await store.event((await store.accept_event(new)).position)
    assert event is not None
    return event


async def fired(store: Store) -> list[tuple[int, str]]:
    """Return (event, rule) of everything that was planned, in order."""
    return [(one.new.event, one.new.rule) for one in reversed(await store.executions(before=None, limit=10_000))]


async def test_a_throttled_firing_gives_nothing_and_is_said_on_its_event() -> None:
    world = World(catalog_of(page={"throttle": THROTTLE}))
    await send(world.store, 1, at=0.0)
    await send(world.store, 2, at=299.0)
    await world.planner.plan_all()
    assert await fired(world.store) == [(1, "web.page")]
    first, second = await world.store.event(1), await world.store.event(2)
    assert first is not None
    assert second is not None
    assert (first.reason, second.reason, second.status) == (
        "",
        "web.page: throttled until 1970-01-01T00:05:00.000000Z",
        EventStatus.PLANNED,
    )


async def test_a_firing_for_all_agents_is_one_firing() -> None:
    world = World(catalog_of(page={"throttle": THROTTLE, "agents": ANYWHERE | {"pick": "all"}}))
    await send(world.store, 1, at=0.0)
    await send(world.store, 2, at=1.0)
    await world.planner.plan_all()
    assert await fired(world.store) == [(1, "web.page"), (1, "web.page")], "one for each agent"


async def test_a_rejected_firing_takes_no_throttle() -> None:
    world = World(catalog_of(page={"throttle": {"once_within": "5m"}}))
    await send(world.store, 1, unit="NOT FIT", at=0.0)
    await send(world.store, 2, at=1.0)
    await world.planner.plan_all()
    planned = list(reversed(await world.store.executions(before=None, limit=10)))
    assert [one.new.rejected is None for one in planned] == [False, True]


async def test_the_time_is_when_the_event_was_received_however_late_it_is_planned() -> None:
    world = World(catalog_of(page={"throttle": THROTTLE}))
    world.clock.time = 1e6
    for number, at in enumerate([0.0, 100.0, 300.0]):
        await send(world.store, number, at=at)
        await world.planner.plan_all()
    assert await fired(world.store) == [(1, "web.page"), (3, "web.page")]


async def test_a_restart_of_the_controller_forgets_no_throttle(tmp_path: Path) -> None:
    planned: list[tuple[int, str]] = []
    for number, at in enumerate([0.0, 299.0, 299.5, 300.0]):
        store = await open_sqlite_store(tmp_path)
        world = World(catalog_of(page={"throttle": THROTTLE}))
        await send(store, number, at=at)
        await Planner(store, world, world, world.clock, SystemRandom(), planned=world.told.append).plan_all()
        planned = await fired(store)
        await store.close()
    assert planned == [(1, "web.page"), (4, "web.page")]


async def test_a_batch_that_is_not_stored_takes_no_throttle_and_is_planned_again_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(catalog_of(page={"throttle": THROTTLE}))
    await send(world.store, 1, at=0.0)
    await send(world.store, 2, at=1.0)

    async def full(*plans: object, **options: object) -> None:
        raise StoreFull("full")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "record_plans", full)
        with pytest.raises(StoreFull):
            await world.planner.plan_all()
    await world.planner.plan_all()
    assert await fired(world.store) == [(1, "web.page")]


async def test_what_is_remembered_of_a_removed_rule_goes_when_its_windows_are_over() -> None:
    world = World(catalog_of(page={"throttle": THROTTLE}))
    await send(world.store, 1, at=0.0)
    await world.planner.plan_all()
    assert await world.store.admissions([("web.page", '"a"')])
    world.catalog = catalog_of(each={})
    await send(world.store, 2, at=301.0)
    await world.planner.plan_all()
    assert not await world.store.admissions([("web.page", '"a"')])


async def planned_in_batches(events: Sequence[tuple[str, float]], batches: Sequence[int]) -> list[tuple[int, str]]:
    world = World(CATALOG)
    for number, (unit, at) in enumerate(events):
        await send(world.store, number, unit=unit, at=at)
        if number in batches:
            await world.planner.plan_all()
    await world.planner.plan_all()
    return await fired(world.store)


def replayed(events: Sequence[tuple[str, float]]) -> list[tuple[int, str]]:
    replay, found = Replay(CATALOG), []
    for number, (unit, at) in enumerate(events):
        event = RecordedEvent(id=str(number), source="t", type="web.alert", subject="", time=at, received_at=at, data={"unit": unit})
        found += [(number + 1, one.rule) for one in replay.take(event).firings if isinstance(one, Fired)]
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from([0.0, 1.0, 59.0, 60.0, 240.0, 300.0])), max_size=30),
    st.lists(st.integers(0, 30), max_size=4),
)
def test_a_controller_admits_what_a_replay_admits_however_the_events_fall_into_batches(
    steps: list[tuple[str, float]], batches: list[int]
) -> None:
    events, now = [], 0.0
    for unit, pause in steps:
        now += pause
        events.append((unit, now))
    assert asyncio.run(planned_in_batches(events, batches)) == replayed(events)
