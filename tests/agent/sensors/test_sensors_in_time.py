"""What the sensors of an agent do over hours and outages, on a clock that stands still."""

from collections.abc import AsyncIterator

import pytest

from attune_agent.executor_errors import StartRefused
from attune_agent.host import How
from attune_agent.sensors.supervision import FAILOVER_MARGIN
from attune_core.wire.session import TooFast
from tests.agent.sensors.sensor_world import SensorWorld, assigned, event


@pytest.fixture
async def world() -> AsyncIterator[SensorWorld]:
    it = SensorWorld()
    it.start()
    yield it
    await it.kill()


async def begin(world: SensorWorld, *sensors: object) -> None:
    world.sensors.begin_session(tuple(sensors))  # type: ignore[arg-type]  # assignments
    world.contact.opened()
    await world.pass_time(0.3)


async def test_polls_of_an_outage_wait_in_order_and_those_that_found_nothing_leave_nothing(world: SensorWorld) -> None:
    await begin(world, assigned(mode="poll", every=60.0))
    world.sensors.begin_session(None)
    for number in range(6):
        found = [event(number)] if number % 2 == 0 else []
        world.host.print(world.run, *found, {"state": number})
        world.finish(world.run)
        await world.pass_time(61)
        assert world.starts[-1].state == number
    assert len(list(world.host.spools.iterdir())) == 3
    assert await world.post() == []
    await begin(world, assigned(mode="poll", every=60.0))
    assert [n for _ in range(5) for n in await world.post()] == [0, 2, 4]
    await world.pass_time(1)
    assert list(world.host.spools.iterdir()) == []
    assert [run for run in world.disk.runs if run != world.run] == []


async def test_a_failed_poll_is_as_if_it_had_not_been(world: SensorWorld) -> None:
    await begin(world, assigned(mode="poll", every=60.0))
    world.host.print(world.run, event(1), {"state": 1})
    world.finish(world.run)
    await world.pass_time(61)
    for how, code in ((How.EXITED, 1), (How.TIMED_OUT, 0), (How.LOST, 0)):
        world.host.print(world.run, event(2), {"state": 2})
        world.finish(world.run, how, code)
        await world.pass_time(61)
        assert world.starts[-1].state == 1
    assert await world.post() == [1]
    assert (world.status().errors, world.status().state) == (3, "backing_off")


async def test_a_poll_after_a_restart_of_the_agent_waits_for_its_turn(world: SensorWorld) -> None:
    await begin(world, assigned(mode="poll", every=600.0))
    world.host.print(world.run, {"state": 1})
    world.finish(world.run)
    await world.pass_time(100)
    await world.restart()
    await world.pass_time(450)
    assert len(world.starts) == 1
    await world.pass_time(60)
    assert [start.state for start in world.starts] == [None, 1]


async def test_the_pack_that_a_program_was_started_out_of_is_needed_for_as_long_as_it_runs(world: SensorWorld) -> None:
    old, new = "0" * 64, "1" * 64
    await begin(world, assigned())
    await begin(world, assigned(digest=new))  # other documents of the pack changed: the program goes on
    assert (len(world.starts), set(world.sensors.digests())) == (1, {old, new})
    await world.restart()
    assert (len(world.starts), set(world.sensors.digests())) == (1, {old, new})
    await begin(world, assigned(digest=new, fingerprint="b" * 64))
    await world.pass_time(15)
    assert (len(world.starts), set(world.sensors.digests())) == (2, {new})


async def test_a_quiet_program_is_taken_up_by_the_next_life_of_the_agent_and_not_started_again(world: SensorWorld) -> None:
    await begin(world, assigned())
    for _ in range(2):
        await world.restart()
        await world.pass_time(60)
    assert (len(world.starts), world.host.stopped, world.status().state) == (1, [], "running")


async def test_one_that_another_agent_may_take_over_ends_in_time_and_comes_back(world: SensorWorld) -> None:
    await begin(world, assigned(failover=300.0))
    first = world.run
    assert world.starts[0].lease == pytest.approx(300 - FAILOVER_MARGIN, abs=1)
    world.contact.ended()
    await world.pass_time(200)
    assert world.host.leases[first] == pytest.approx(300 - FAILOVER_MARGIN - 200, abs=6)
    assert world.host.stopped == []
    await world.pass_time(62)
    assert world.host.stopped == [(first, 1)]
    await world.pass_time(3600)
    assert len(world.starts) == 1
    world.contact.opened()
    await world.pass_time(6)
    assert len(world.starts) == 2


async def test_without_failover_an_outage_ends_nothing(world: SensorWorld) -> None:
    await begin(world, assigned())
    world.contact.ended()
    await world.pass_time(600)
    assert (world.host.stopped, world.host.leases, len(world.starts)) == ([], {}, 1)


async def test_events_that_were_refused_are_sent_again_in_order_and_not_too_soon(world: SensorWorld) -> None:
    await begin(world, assigned("a"), assigned("b"))
    for start in world.starts:
        world.host.print(start.run, *map(event, range(4)))
    await world.pass_time(0.3)
    assert len(await world.post(refused=3, again_in=5.0)) == 5
    assert await world.post() == []
    await world.pass_time(5.1)
    assert len(await world.post()) == 3
    assert world.sent_by() == {"a": [0, 1, 2, 3], "b": [0, 1, 2, 3]}


async def test_a_sensor_that_is_too_fast_waits_alone(world: SensorWorld) -> None:
    await begin(world, assigned("a"), assigned("b"))
    for start in world.starts:
        world.host.print(start.run, *map(event, range(4)))
    await world.pass_time(0.3)
    await world.post(too_fast={"web.a": TooFast(events=3, again_in=5.0), "web.unknown": TooFast(events=1, again_in=5.0)})
    assert world.sent_by() == {"a": [0], "b": [0, 1, 2, 3]}
    world.host.print(world.starts[1].run, event(4))
    await world.pass_time(0.3)
    await world.post()
    assert world.sent_by() == {"a": [0], "b": [0, 1, 2, 3, 4]}, "the other one goes on"
    await world.pass_time(5.1)
    await world.post()
    assert world.sent_by() == {"a": [0, 1, 2, 3], "b": [0, 1, 2, 3, 4]}


async def test_a_sensor_that_is_not_to_run_any_more_is_said_to_be_left_until_all_that_it_printed_is_sent(world: SensorWorld) -> None:
    await begin(world, assigned("a"), assigned("b"))
    world.host.print(world.starts[0].run, event(0))
    await world.pass_time(0.3)
    assert world.sensors.left() == ()
    world.sensors.follow((assigned("b"),))
    world.finish(world.starts[0].run)
    await world.pass_time(1)
    assert ([one.sensor for one in world.sensors.status()], world.sensors.left()) == (["web.b"], ("web.a",))
    await world.restart()
    assert world.sensors.left() == ("web.a",)
    await begin(world, assigned("b"))
    await world.post()
    await world.pass_time(6)
    assert (world.sent_by(), world.sensors.left()) == ({"a": [0]}, ())


async def test_a_session_that_ends_before_the_answer_sends_the_same_again(world: SensorWorld) -> None:
    await begin(world, assigned())
    world.host.print(world.run, event(1), event(2))
    await world.pass_time(0.3)
    first = world.sensors.events.take(count=10, size=1 << 20)
    await begin(world, assigned())
    assert world.sensors.events.take(count=10, size=1 << 20) == first


async def test_a_refused_start_and_a_host_without_room_are_tried_again(world: SensorWorld) -> None:
    world.host.troubles = [StartRefused("no room"), StartRefused("no room")]
    await begin(world, assigned())
    assert (world.status().state, world.status().last_error) == ("backing_off", "ATT351 no room")
    await world.pass_time(3.5)
    assert (world.status().state, len(world.host.running)) == ("running", 1)
    assert len(world.disk.runs) == 1


async def test_an_executor_of_before_hosts_none_and_that_is_said(world: SensorWorld) -> None:
    await world.kill()
    world.host.sensors = 0
    world.start()
    await begin(world, assigned())
    assert world.status().state == "refused"
    assert "ATT548" in world.status().last_error
    assert world.host.witness == []


async def test_the_hosts_bound_leaves_out_the_last_by_name(world: SensorWorld) -> None:
    await world.kill()
    world.most = 2
    world.start()
    await begin(world, *map(assigned, ("c", "a", "b", "forbidden")))
    assert {one.sensor: one.state for one in world.sensors.status()} == {
        "web.a": "running",
        "web.b": "running",
        "web.c": "refused",
        "web.forbidden": "refused",
    }
    await begin(world, *map(assigned, ("c", "a")))
    assert {one.sensor: one.state for one in world.sensors.status() if one.sensor != "web.b"} == {"web.a": "running", "web.c": "running"}


async def test_what_nobody_knows_is_ended_and_its_spool_removed(world: SensorWorld) -> None:
    """The agent's own memory was lost."""
    await begin(world, assigned())
    stray = world.run
    world.host.print(stray, event(1))
    await world.kill()
    world.disk.runs.clear()
    (world.host.spools / "left").mkdir()
    world.start()
    await world.pass_time(0.5)
    assert world.host.stopped == [(stray, 1)]
    assert not (world.host.spools / stray).exists()
    assert not (world.host.spools / "left").exists()


async def test_a_run_that_the_executor_never_heard_of_is_let_go_and_another_started(world: SensorWorld) -> None:
    await begin(world, assigned())
    world.host.requests.clear()
    await world.restart()
    await world.pass_time(1.5)
    assert [run for run, _ in world.host.running] == list(world.disk.runs) == [world.run]


async def test_while_the_executor_is_away_nothing_is_forgotten(world: SensorWorld) -> None:
    await begin(world, assigned())
    first = world.run
    world.host.print(first, event(1))
    world.finish(first, How.LOST)
    world.host.away = True
    await world.pass_time(5)
    assert await world.post() == [1]
    await world.pass_time(5)
    assert (world.host.spools / first).exists()
    world.host.away = False
    await world.pass_time(5)
    assert not (world.host.spools / first).exists()
    assert len(world.host.running) == 1


@pytest.mark.parametrize("count", [30, pytest.param(1000, marks=pytest.mark.soak)])
async def test_a_thousand_ends_at_once_leave_nothing_behind_and_none_is_the_last(world: SensorWorld, count: int) -> None:
    await begin(world, assigned())
    for number in range(count):
        world.host.print(world.run, event(number))
        world.finish(world.run, code=1)
        await world.leap(0.1)
        assert await world.post() == [number]
        await world.leap(61)
    assert (len(world.starts), world.status().restarts, world.status().events) == (count + 1, count, count)
    assert list(world.disk.runs) == [run for run, _ in world.host.running] == [world.run]
    assert list(world.host.spools.iterdir()) == []
    assert len(world.host.ended) == 0
