"""Groups of waiting events in planning: durable, ended once whatever happens, and exactly what a replay of the same events says."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_controller.planning import Planner
from attune_controller.store.errors import StoreFull
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.port import Store
from attune_controller.store.records.events import EventStatus, NewEvent
from attune_controller.store.records.executions import Execution
from attune_controller.store.records.groups import Plan
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.catalog.catalog import Catalog
from attune_core.ports import SystemRandom
from attune_core.rules.firing import Fired
from attune_core.rules.gathering import Gathering
from attune_core.rules.recorded import RecordedEvent
from attune_core.rules.replay import Replay, Replayed
from attune_core.states import Outcome
from attune_core.values import JsonObject
from tests.controller.test_planning import World
from tests.controller.test_throttled_planning import catalog_of, fired, send
from tests.waiting import eventually

KEY = "${{ event.data.unit }}"
DEBOUNCE: JsonObject = {"throttle": {"debounce": "5m", "key": KEY}}
FULL: JsonObject = {"throttle": {"accumulate": {"within": "5m", "at_most": 2}, "key": KEY}}


async def test_a_group_fires_at_its_time_without_an_event_with_its_last_event() -> None:
    world = World(catalog_of(page=DEBOUNCE))
    for number, at in enumerate([0.0, 100.0, 101.0], 1):
        await send(world.store, number, at=at)
        world.clock.time = at
        await world.planner.plan_all()
    world.clock.time = 400.9
    await world.planner.plan_all()
    assert await fired(world.store) == []
    world.clock.time = 401.0
    await world.planner.plan_all()
    assert await fired(world.store) == [(3, "web.page")]
    first, last = await world.store.event(1), await world.store.event(3)
    assert first is not None
    assert last is not None
    assert (first.status, first.reason) == (EventStatus.PLANNED, "web.page: waits until 1970-01-01T00:05:00.000000Z, 1 of its key by now")
    assert "3 of its key by now" in last.reason
    end = await world.store.group_end(("web.page", '"a"'), 1)
    assert end is not None
    assert (end.members, end.outcome, end.ended_at) == ((1, 2, 3), "fired", 401.0)


async def test_the_planner_wakes_by_itself_when_something_is_due() -> None:
    world = World(catalog_of(page={"throttle": {"debounce": "50ms", "key": KEY}}))
    await send(world.store, 1, at=world.clock.time)
    planning = asyncio.create_task(world.planner.run())
    await eventually(lambda: not world.store.tables.unplanned)
    world.clock.time += 0.05
    await eventually(lambda: bool(world.store.tables.executions))
    planning.cancel()


async def test_what_is_due_between_two_events_comes_before_the_second_however_late_both_are_planned() -> None:
    world = World(catalog_of(page=DEBOUNCE, each={}))
    world.clock.time = 1e6
    await send(world.store, 1, unit="a", at=0.0)
    await send(world.store, 2, unit="b", at=300.0)
    await world.planner.plan_all()
    assert await fired(world.store) == [(1, "web.each"), (1, "web.page"), (2, "web.each"), (2, "web.page")]
    numbers = [one.sequence for one in reversed(await world.store.executions(before=None, limit=10))]
    assert numbers == [1, 2, 1, 2], "the places of the queues follow"


async def test_after_an_hour_away_everything_that_was_due_fires_in_order_more_than_one_transaction_takes() -> None:
    world = World(catalog_of(page={"throttle": {"debounce": "5m", "key": "${{ event.id }}"}}))
    for number in range(1, 201):
        await send(world.store, number, at=float(1000 - number))
    world.clock.time = 1000.0
    await world.planner.plan_all()
    assert await fired(world.store) == []
    world.clock.time = 4600.0
    again = Planner(world.store, world, world, world.clock, SystemRandom(), planned=world.told.append)
    await again.plan_all()
    assert [event for event, _ in await fired(world.store)] == list(range(200, 0, -1))


async def test_events_that_come_after_many_that_are_due_are_planned_after_them() -> None:
    world = World(catalog_of(page={"throttle": {"debounce": "5m", "key": "${{ event.id }}"}}))
    for number in range(1, 101):
        await send(world.store, number, at=float(number))
    await world.planner.plan_all()
    await send(world.store, 101, at=120.0)
    await send(world.store, 102, at=5000.0)
    world.clock.time = 5000.0
    await world.planner.plan_all()
    assert [event for event, _ in await fired(world.store)] == list(range(1, 102))


async def test_a_full_group_fires_with_its_event_and_for_all_agents() -> None:
    world = World(catalog_of(page=FULL | {"agents": {"match": {"role": "web"}, "pick": "all"}}))
    world.clock.time = 4.0
    for number in (1, 2, 3):
        await send(world.store, number, at=float(number))
    await world.planner.plan_all()
    assert await fired(world.store) == [(2, "web.page"), (2, "web.page")]
    assert [one.members[0].position for one in await world.store.list_groups(after=("", ""), limit=10)] == [3]


async def test_an_input_that_does_not_fit_is_a_visible_rejection_of_the_group() -> None:
    world = World(catalog_of(page=DEBOUNCE))
    await send(world.store, 1, unit="NOT FIT", at=0.0)
    world.clock.time = 300.0
    await world.planner.plan_all()
    (rejected,) = await world.executions()
    assert (rejected.outcome, rejected.new.event) == (Outcome.REJECTED, 1)
    end = await world.store.group_end(("web.page", '"NOT FIT"'), 1)
    assert end is not None
    assert end.outcome == "rejected"


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        (catalog_of(page=DEBOUNCE | {"description": "Another"}), "fired"),
        (catalog_of(page={"throttle": {"debounce": "6m", "key": KEY}}), "rule_changed"),
        (catalog_of(page=DEBOUNCE | {"enabled": False}), "rule_disabled"),
        (catalog_of(), "rule_removed"),
    ],
)
async def test_a_new_revision_keeps_what_waits_under_the_same_terms_and_drops_the_rest_visibly(after: Catalog, outcome: str) -> None:
    world = World(catalog_of(page=DEBOUNCE))
    await send(world.store, 1, at=0.0)
    world.clock.time = 1.0
    await world.planner.plan_all()
    world.catalog = after
    world.clock.time = 300.0
    await world.planner.plan_all()
    assert len(await fired(world.store)) == (outcome == "fired")
    end = await world.store.group_end(("web.page", '"a"'), 1)
    assert end is not None
    assert end.outcome == outcome


async def test_an_event_that_only_an_absence_waits_for_is_heard() -> None:
    absence: JsonObject = {"of": "web.restart.completed", "within": "5m", "of_key": "${{ event.data.outcome }}"}
    world = World(catalog_of(page={"throttle": {"absence": absence, "key": KEY}}))
    await send(world.store, 1, unit="failed", at=0.0)
    completed = NewEvent(source="t", id="2", type="web.restart.completed", time=1.0, received_at=1.0, data={"outcome": "failed"})
    await world.store.accept_event(completed)
    world.clock.time = 1000.0
    await world.planner.plan_all()
    assert await fired(world.store) == []
    end = await world.store.group_end(("web.page", '"failed"'), 1)
    assert end is not None
    assert (end.outcome, end.by) == ("answered", 2)


async def test_a_full_disk_ends_nothing_and_afterwards_it_fires_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(catalog_of(page=DEBOUNCE))
    await send(world.store, 1, at=0.0)
    world.clock.time = 1.0
    await world.planner.plan_all()
    world.clock.time = 300.0

    async def full(*plans: object, **options: object) -> None:
        raise StoreFull("full")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "record_plans", full)
        with pytest.raises(StoreFull):
            await world.planner.plan_all()
    for _ in range(2):
        await world.planner.plan_all()
    assert await fired(world.store) == [(1, "web.page")]


async def test_a_restart_before_and_after_each_step_fires_each_group_once(tmp_path: Path) -> None:
    catalog = catalog_of(page=DEBOUNCE, full=FULL)
    planned: list[tuple[int, str]] = []
    for number, (at, now) in enumerate([(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (None, 301.9), (None, 302.0), (None, 1000.0)], 1):
        store = await open_sqlite_store(tmp_path)
        world = World(catalog)
        world.clock.time = now
        if at is not None:
            await send(store, number, at=at)
        await Planner(store, world, world, world.clock, SystemRandom(), planned=world.told.append).plan_all()
        planned = await fired(store)
        await store.close()
    assert planned == [(2, "web.full"), (3, "web.full"), (3, "web.page")]


CATALOG = catalog_of(
    quiet=DEBOUNCE,
    some={"throttle": {"accumulate": {"within": "1m", "at_least": 2, "at_most": 3}, "key": KEY}, "when": 'events[0].data.unit != "c"'},
    gone={"throttle": {"absence": {"of": "web.alert", "within": "4m"}, "key": KEY}},
    once={"throttle": {"once_within": "1m"}},
    each={},
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "NOT FIT"]), st.sampled_from([0.0, 1.0, 59.0, 60.0, 240.0, 300.0, -30.0, -500.0])),
    max_size=30,
)


class Failing(MemoryStore):
    """A store whose commits may find a full disk; then nothing of them is stored."""

    fails = 0

    async def record_plans(self, plans: Sequence[Plan], *, over_before: float = 0.0, followed: bool = False) -> Sequence[Execution]:
        if self.fails:
            self.fails -= 1
            raise StoreFull("full")
        return await super().record_plans(plans, over_before=over_before, followed=followed)


async def planned_in_batches(
    events: Sequence[tuple[str, float]], batches: Sequence[int], end: float, *, fails: int
) -> list[tuple[int, str]]:
    """Plan with a new planner at each of some events, which meets a full disk so often at first, and once more long after the last one."""
    world, store = World(CATALOG), Failing()

    async def plan(now: float) -> None:
        world.clock.time, store.fails = now, fails
        for _ in range(fails + 1):
            with suppress(StoreFull):
                await Planner(store, world, world, world.clock, SystemRandom(), planned=world.told.append).plan_all()

    for number, (unit, at) in enumerate(events):
        await send(store, number, unit=unit, at=at)
        if number in batches:
            await plan(at)
    await plan(events[-1][1] if events else 0.0)
    await plan(end)
    return await firings(store)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([0.0, 1.0, 60.0, 299.0])), max_size=40),
    st.sets(st.integers(0, 40), max_size=5),
)
def test_beyond_the_limit_of_keys_a_controller_ends_early_what_a_replay_ends_early(
    steps: list[tuple[str, float]], batches: set[int]
) -> None:
    absence: JsonObject = {"of": "web.restart.completed", "within": "4m", "of_key": "${{ event.data.agent }}"}
    catalog = catalog_of(quiet=DEBOUNCE, full=FULL, gone={"throttle": {"absence": absence, "key": KEY}})

    async def planned() -> list[tuple[int, str]]:
        world = World(catalog)
        world.planner._groups.limit = 3
        world.clock.time = now = 5000.0
        for number, (unit, pause) in enumerate(steps):
            world.clock.time = now = now + pause
            await send(world.store, number, unit=unit, at=now)
            if number in batches:
                await world.planner.plan_all()
        await world.planner.plan_all()
        world.clock.time = now + 10_000
        await world.planner.plan_all()
        return await firings(world.store)

    replay, found, now = Replay(catalog), list[tuple[int, str]](), 5000.0
    replay.gathering = Gathering(limit=3)
    for number, (unit, pause) in enumerate(steps):
        now += pause
        event = RecordedEvent(id=str(number), source="t", type="web.alert", subject="", time=now, received_at=now, data={"unit": unit})
        found += in_order(number + 1, replay.take(event))
    found += [(late.number, late.outcome.rule) for late in replay.advance(now + 10_000) if isinstance(late.outcome, Fired)]
    assert asyncio.run(planned()) == found


async def firings(store: Store) -> list[tuple[int, str]]:
    everything = reversed(await store.executions(before=None, limit=10_000))
    return [(one.new.event, one.new.rule) for one in everything if one.outcome is None]


def replayed(events: Sequence[tuple[str, float]], end: float) -> list[tuple[int, str]]:
    replay = Replay(CATALOG)
    found: list[tuple[int, str]] = []
    for number, (unit, at) in enumerate(events):
        event = RecordedEvent(id=str(number), source="t", type="web.alert", subject="", time=at, received_at=at, data={"unit": unit})
        found += in_order(number + 1, replay.take(event))
    return found + [(late.number, late.outcome.rule) for late in replay.advance(end) if isinstance(late.outcome, Fired)]


def in_order(number: int, replayed: Replayed) -> list[tuple[int, str]]:
    """Return what fires in the order in which it does: groups that an event fills come after what it fires itself."""
    late = [(one.number, one.outcome.rule, one.ended.why) for one in replayed.late if isinstance(one.outcome, Fired)]
    own = [(number, one.rule) for one in replayed.firings if isinstance(one, Fired)]
    return [
        *((one, rule) for one, rule, why in late if why != "full"),
        *own,
        *((one, rule) for one, rule, why in late if why == "full"),
    ]


@settings(max_examples=60, deadline=None)
@given(STEPS, st.lists(st.integers(0, 30), max_size=4), st.integers(0, 2))
def test_a_controller_fires_what_a_replay_fires_in_its_order_through_batches_restarts_and_full_disks(
    steps: list[tuple[str, float]], batches: list[int], fails: int
) -> None:
    events, now = [], 5000.0
    for unit, pause in steps:
        now += pause
        events.append((unit, now))
    end = now + 10_000
    assert asyncio.run(planned_in_batches(events, batches, end, fails=fails)) == replayed(events, end)
