"""Timers: one tick for each due time, whatever restarts, whatever jumps, and however full the disk is."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from attune_controller.store.errors import StoreFull
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.port import Store
from attune_controller.store.records.events import Acceptance, EventStatus, NewEvent
from attune_controller.store.records.timers import Progress
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.values import JsonObject
from tests.controller.timers.world import DAY, HOUR, YEARS, World, moment

HOURLY: JsonObject = {"every": "1h"}


@pytest.fixture(params=["memory", "sqlite"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    store: Store = MemoryStore() if request.param == "memory" else await open_sqlite_store(tmp_path / "store")
    yield World(store)
    await store.close()


async def test_each_due_time_is_one_event_with_its_time_as_id(world: World) -> None:
    await world.activate(t={"cron": "30 2 * * *", "zone": "Europe/Berlin", "data": {"kind": "full"}})
    await world.pass_time(3 * DAY)
    assert await world.due() == ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
    first = (await world.ticks())[0]
    assert first.new.data == {"due": "2026-03-28T01:30:00Z", "missed": 0, "data": {"kind": "full"}}
    assert (first.new.source, first.new.type) == ("attune:timers/web.t", "web.t")
    assert first.new.time == moment("2026-03-28T01:30:00Z") == first.new.received_at
    assert first.status is EventStatus.PLANNED, "no rule is on it, so it is planned as it is stored"


async def test_a_restart_at_any_moment_neither_doubles_nor_loses_a_tick(world: World) -> None:
    await world.activate(t={"every": "10s"}, u={"every": "15s"})
    for _ in range(40):
        world.restart()
        await world.pass_time(7)
    assert await world.due() == sorted(set(await world.due()))
    assert len(await world.due()) == 28
    assert len(await world.due("web.u")) == 18


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"misfire": "skip"}, [("2026-03-28T06:00:00Z", 4)]),
        ({}, [("2026-03-28T05:00:00Z", 3), ("2026-03-28T06:00:00Z", 0)]),
        ({"misfire": "all", "at_most": 2}, [("2026-03-28T04:00:00Z", 2), ("2026-03-28T05:00:00Z", 0), ("2026-03-28T06:00:00Z", 0)]),
    ],
)
async def test_what_was_missed_while_the_controller_was_away_follows_the_policy(
    world: World, policy: JsonObject, expected: list[tuple[str, int]]
) -> None:
    await world.activate(t=HOURLY | policy)
    await world.pass_time(HOUR)
    world.restart()
    world.clock.time += 4.5 * HOUR
    await world.pass_time(HOUR)
    found = [one.new.data for one in await world.ticks()][1:]
    assert [(one["due"], one["missed"]) for one in found if isinstance(one, dict)] == expected
    progress = world.timers.progress("web.t")
    assert progress is not None
    assert progress.missed_in_all == sum(missed for _, missed in expected)
    assert (progress.missed, progress.last) == (0, moment("2026-03-28T06:00:00Z"))


async def test_a_tick_a_little_late_is_no_missed_one(world: World) -> None:
    await world.activate(t=HOURLY | {"misfire": "skip"})
    world.clock.time += HOUR + 59
    await world.pass_time(0)
    assert await world.due() == ["2026-03-28T01:00:00Z"]


@pytest.mark.parametrize("jump", [HOUR, -HOUR, YEARS, -YEARS])
@pytest.mark.parametrize("misfire", ["skip", "one", "all"])
async def test_a_clock_that_jumps_and_is_corrected_makes_no_storm_and_loses_no_future(world: World, jump: float, misfire: str) -> None:
    """Fault row 31."""
    await world.activate(t={"every": "10m", "misfire": misfire} | ({"at_most": 5} if misfire == "all" else {}))
    await world.pass_time(HOUR)
    assert len(await world.due()) == 6
    world.clock.time += jump
    await world.pass_time(65)
    assert len(await world.due()) <= 6 + 6, "not everything that the jump skipped"
    world.clock.time -= jump
    await world.pass_time(2 * HOUR - 65)
    due = await world.due()
    assert len(set(due)) == len(due)
    real = [one for one in due if "2026-03-28T00:00:01Z" <= one <= "2026-03-28T03:00:00Z"]
    assert sorted(real) == [f"2026-03-28T{hour:02}:{minute:02}:00Z" for hour in range(4) for minute in range(0, 60, 10)][1:19]


async def test_a_restart_beside_a_clock_that_was_wrong_loses_no_future(world: World) -> None:
    await world.activate(t=HOURLY | {"misfire": "skip"})
    world.clock.time += YEARS
    await world.pass_time(HOUR)
    world.restart()
    world.clock.time -= YEARS
    await world.pass_time(2 * HOUR)
    assert (await world.due())[-2:] == ["2026-03-28T02:00:00Z", "2026-03-28T03:00:00Z"]


async def test_a_revision_adds_changes_and_removes_timers(world: World) -> None:
    await world.activate(t=HOURLY, gone=HOURLY, same={"every": "1h", "misfire": "skip"})
    await world.pass_time(1.5 * HOUR)
    await world.activate(t={"every": "20m"}, new={"every": "30m"}, same={"every": "1h", "data": {"x": 1}})
    await world.pass_time(0.5 * HOUR)
    assert await world.due() == ["2026-03-28T01:00:00Z", "2026-03-28T01:40:00Z", "2026-03-28T02:00:00Z"]
    assert await world.due("web.new") == ["2026-03-28T02:00:00Z"]
    assert await world.due("web.gone") == ["2026-03-28T01:00:00Z"]
    assert await world.due("web.same") == ["2026-03-28T01:00:00Z", "2026-03-28T02:00:00Z"]
    assert sorted(await world.store.timers()) == ["web.new", "web.same", "web.t"]
    await world.activate()
    await world.pass_time(DAY)
    assert (len(await world.due()), await world.store.timers()) == (3, {})


async def test_a_schedule_that_is_changed_back_doubles_nothing(world: World) -> None:
    await world.activate(t=HOURLY)
    await world.pass_time(HOUR)
    for revision in range(2, 8):
        await world.activate(t={"every": "30m"} if revision % 2 == 0 else HOURLY)
        await world.pass_time(0.25 * HOUR)
    due = await world.due()
    assert due == sorted(set(due))


async def test_an_end_and_given_moments_are_the_end(world: World) -> None:
    await world.activate(t={"at": ["2026-03-28T01:00:00Z", "2026-03-29T01:00:00Z"]}, u={"every": "1h", "end": "2026-03-28T02:00:00Z"})
    await world.pass_time(10 * DAY)
    assert await world.due() == ["2026-03-28T01:00:00Z", "2026-03-29T01:00:00Z"]
    assert len(await world.due("web.u")) == 2
    assert await world.timers.step() is None


async def test_jitter_is_kept_through_restarts(world: World) -> None:
    await world.activate(t=HOURLY | {"jitter": "50m"})
    await world.pass_time(4 * HOUR)
    again = World(MemoryStore())
    await again.activate(t=HOURLY | {"jitter": "50m"})
    for _ in range(16):
        again.restart()
        await again.pass_time(HOUR / 4)
    arrived = [[one.new.received_at for one in await each.ticks()] for each in (world, again)]
    late = [at % HOUR for at in arrived[0]]
    assert len({round(one) for one in late}) == len(late)
    assert all(one < 50 * 60 for one in late)
    assert await again.due() == await world.due()


@pytest.mark.parametrize("days", [366, pytest.param(3652, marks=pytest.mark.soak)])
async def test_years_of_days_in_zones_that_set_their_clocks(days: int) -> None:
    world = World(MemoryStore(), "2026-01-01T00:00Z")
    zones = ("Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Beirut")
    timers: Mapping[str, JsonObject] = {f"t{place}": {"cron": "30 0 * * *", "zone": zone} for place, zone in enumerate(zones)}
    await world.activate(**timers)
    await world.pass_time(days * DAY)
    for name in timers:
        due = await world.due(f"web.{name}")
        assert due == sorted(set(due))
        assert len(due) in {days - 1, days}, name


class FullDisk(MemoryStore):
    """Refuses ticks while it is full."""

    full = False

    async def record_ticks(
        self, progress: Sequence[Progress], events: Sequence[NewEvent] = (), *, followed: bool = False
    ) -> Sequence[Acceptance]:
        if self.full:
            raise StoreFull("the disk is full")
        return await super().record_ticks(progress, events, followed=followed)


@pytest.mark.parametrize(("minutes", "expected"), [(0.5, ["01", "02"]), (150, ["03"])])
async def test_after_a_full_disk_timers_go_on_by_their_policy(minutes: float, expected: list[str]) -> None:
    store = FullDisk()
    world = World(store)
    await world.activate(t=HOURLY)
    store.full = True
    world.clock.time += HOUR
    for _ in range(3):
        with pytest.raises(StoreFull):
            await world.timers.step()
    store.full = False
    world.clock.time += minutes * 60
    await world.pass_time(0)
    await world.pass_time(max(0.0, HOUR - minutes * 60))
    assert [one[11:13] for one in await world.due()] == expected


async def test_a_controller_that_has_no_room_is_asked_again() -> None:
    world = World(MemoryStore())
    await world.activate(t=HOURLY)
    world.backlog.limit = 0
    world.clock.time += HOUR
    assert await world.timers.step() == 1.0
    assert await world.due() == []
    world.backlog.limit = 10
    await world.pass_time(2)
    assert await world.due() == ["2026-03-28T01:00:00Z"]


async def test_many_timers_due_at_once_tick_each_once() -> None:
    world = World(MemoryStore())
    await world.activate(**{f"t{number}": HOURLY for number in range(700)})
    await world.pass_time(HOUR)
    assert {len(await world.due(f"web.t{number}")) for number in (0, 1, 255, 256, 699)} == {1}
    assert len(await world.store.timers()) == 700
