"""Sensors as agents hear of them, and what comes back: who is told what, and which events are taken."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from attune_core.values import JsonObject
from attune_core.wire.api import EventView, Page
from attune_core.wire.sensor_views import SensorView
from attune_core.wire.sensors import SensorAssignment, SensorsFrame
from tests.controller.live import Live, Spoken, live, until
from tests.controller.reconcile.conftest import FILES

DISK = """\
description: Watches disks
run: [./disk.sh]
emits: [web.alert]
config: {path: /srv, token: "${{ secrets.web_token }}"}
silence: 5m
agents: {match: {role: web}}
"""
SENSORS = {**FILES, "packs/web/sensors/disk.yaml": DISK, "packs/web/sensors/disk.sh": "#!/bin/sh\ncat\n"}


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path, None) as running:
        await publish(running, SENSORS)
        yield running


async def publish(it: Live, files: dict[str, str]) -> None:
    """Push files, the sensor's program executable, and wait until they are live."""
    it.pushes.write(files)
    (it.pushes.clone / "packs/web/sensors/disk.sh").chmod(0o755)
    commit = it.pushes.push()
    await until(lambda: active(it, commit))


async def active(it: Live, commit: str) -> bool:
    return (await it.controller.store.sync()).active_revision == commit


async def told(spoken: Spoken) -> tuple[SensorAssignment, ...]:
    """Return the next list that the agent is told; other frames are passed over."""
    async with asyncio.timeout(60):
        while not isinstance(frame := await spoken.frames.get(), SensorsFrame):
            pass
    return frame.body.sensors


async def shown(it: Live, ref: str = "web.disk") -> SensorView:
    return SensorView.model_validate_json((await it.get(f"/v1/sensors/{ref}")).content)


async def placed(it: Live) -> bool:
    return bool((await shown(it)).agents)


async def printed(it: Live) -> list[EventView]:
    """Return the events of sensors, oldest first."""
    page = Page[EventView].model_validate_json((await it.get("/v1/events?limit=200")).content)
    return [event for event in reversed(page.items) if event.source.startswith("attune:sensors/")]


def line(event_id: str, **more: JsonObject | str | float) -> JsonObject:
    data: JsonObject = {"unit": event_id}
    return {"sensor": "web.disk", "id": event_id, "trigger": "web.alert", "data": data, "time": 1_700_000_000.5, **more}


def status(*sensors: JsonObject) -> JsonObject:
    return {"slots": 4, "busy": 0, "sensors": [*sensors]}


async def test_an_agent_is_told_with_its_welcome_or_at_once_and_only_who_matches(it: Live) -> None:
    first = await (await it.enrol("one")).hello()
    (disk,) = await told(first)
    assert (disk.sensor, disk.mode, disk.silence, disk.config, disk.secrets) == (
        "web.disk",
        "stream",
        300.0,
        {"path": "/srv"},
        {"token": "web_token"},
    )
    await first.close()
    again = await first.agent.hello(previous=first.welcome.session)
    assert again.welcome.sensors == (disk,)
    other = await (await it.enrol("two", {"role": "db"})).hello()
    assert other.welcome.sensors == ()
    assert await again.quiet()


async def test_a_revision_restarts_it_only_by_another_fingerprint_and_ends_it_when_nobody_needs_it(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    (before,) = await told(spoken)
    await publish(it, {"packs/web/pack.yaml": FILES["packs/web/pack.yaml"].replace("1.0.0", "1.0.1")})
    (raised,) = await told(spoken)
    assert (raised.fingerprint, raised.digest != before.digest) == (before.fingerprint, True)
    await publish(it, {"packs/web/sensors/disk.sh": "#!/bin/sh\ncat # again\n"})
    (changed,) = await told(spoken)
    assert changed.fingerprint != before.fingerprint
    await publish(it, {"packs/web/rules/on_alert.yaml": FILES["packs/web/rules/on_alert.yaml"] + "enabled: false\n"})
    assert await told(spoken) == ()
    view = await shown(it)
    assert (view.needed, view.agents) == (False, [])
    assert view.why.startswith("no enabled rule uses a trigger that it emits")


async def test_its_events_are_stored_in_order_before_they_are_answered_and_a_resend_is_the_same(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    await told(spoken)
    lines = [line(f"r:{number}", subject="srv") for number in range(30)]
    assert await spoken.say(*lines, kind="event") == 30
    assert await spoken.say(*lines[20:], line("own id"), kind="event") == 41
    events = await printed(it)
    assert [event.id for event in events] == [*(f"r:{number}" for number in range(30)), "own id"]
    assert {(event.source, event.type, event.subject, event.time) for event in events[:30]} == {
        ("attune:sensors/one/web.disk", "web.alert", "srv", "2023-11-14T22:13:20.500000Z")
    }
    assert len(await it.executions(events[0].position)) == 1


async def test_what_does_not_belong_is_a_dead_letter_that_says_why_and_is_answered(it: Live) -> None:
    one, other = await (await it.enrol("one")).hello(), await (await it.enrol("two", {"role": "db"})).hello()
    await told(one)
    bad: JsonObject = {"unit": 5}
    lines = [line("a", trigger="web.other"), line("b", data=bad), line("c", trigger="core.execution_requested")]
    assert await one.say(*lines, kind="event") == 3
    assert await other.say(line("d"), kind="event") == 1
    assert await one.say(line("e", sensor="web.gone"), kind="event") == 4
    reasons = {event.id: (event.status, event.reason) for event in await printed(it)}
    assert {status for status, _ in reasons.values()} == {"dead_letter"}
    assert reasons["a"][1] == "the sensor web.disk does not declare that it emits web.other"
    assert "does not fit the trigger's schema" in reasons["b"][1]
    assert "does not declare that it emits core.execution_requested" in reasons["c"][1]
    assert reasons["d"][1] == "two was never told to run the sensor web.disk"
    assert reasons["e"][1] == "one was never told to run the sensor web.gone"


async def test_what_was_printed_before_the_sensor_was_removed_still_counts(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    await told(spoken)
    await spoken.close()
    commit = it.pushes.remove("packs/web/sensors/disk.yaml")
    await until(lambda: active(it, commit))
    again = await spoken.agent.hello(previous=spoken.welcome.session)
    assert again.welcome.sensors == ()
    await again.say(line("late"), kind="event")
    (late,) = await printed(it)
    assert len(await it.executions(late.position)) == 1


async def test_a_drained_agent_gives_it_up_and_the_next_one_gets_it_when_it_has_ended(it: Live) -> None:
    one, two = await (await it.enrol("one")).hello(), await (await it.enrol("two")).hello()
    await until(lambda: placed(it))
    holder, other = (one, two) if (await shown(it)).agents[0].agent == "one" else (two, one)
    assert len(await told(holder)) == 1
    await holder.say(status({"sensor": "web.disk", "state": "running", "since": 5.0}), kind="status")
    (await it.post(f"/v1/agents/{holder.agent.name}/drain", {})).raise_for_status()
    assert await told(holder) == ()
    assert (await shown(it)).why == f"it is to leave {holder.agent.name}, which has not said yet that it ended there"
    assert await other.quiet()
    await holder.say(status() | {"sensor_lists": 1}, kind="status")
    assert await other.quiet(), "it was said before the agent had taken the list without it"
    await holder.say(status() | {"sensor_lists": 2}, kind="status")
    (moved,) = await told(other)
    assert moved.sensor == "web.disk"
    assert [one.agent for one in (await shown(it)).agents] == [other.agent.name]


async def test_an_agent_of_a_version_without_sensors_is_told_of_none_and_gets_none(it: Live) -> None:
    agent = await it.enrol("one")
    agent.sensors = False
    old = await agent.hello()
    assert old.welcome.sensors == ()
    assert await old.quiet()
    assert (await shown(it)).why == "every agent with role=web is of a version that runs no sensors: one"
    agent.sensors = True
    new = await agent.hello(previous=old.welcome.session)
    (disk,) = await told(new)
    assert disk.sensor == "web.disk"
