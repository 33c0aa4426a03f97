"""Sensing without a network: what fails is said once, a full controller refuses events alone, and a restart forgets nothing."""

import json
from pathlib import Path

import pytest

from attune_controller.assembly import Assembly
from attune_controller.packs import PackStore
from attune_controller.sessions.session import Session
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.records.events import Event
from attune_core.ports import SystemRandom
from attune_core.values import JsonObject
from attune_core.wire.agent_frames import Status
from attune_core.wire.sensors import SensorState, SensorStatus
from attune_core.wire.session import Hello, Stored, TooFast
from tests.controller.clocks import StandingClock
from tests.controller.store.making import agent as enrolled
from tests.controller.test_sensor_placement import catalog


class Place:
    """A controller without listeners, and one agent that is connected."""

    def __init__(self, store: MemoryStore, *, active: bool = True, apart: bool = True) -> None:
        self.store, self.clock, self.apart = store, StandingClock(), apart
        self.assembly = Assembly(store=store, clock=self.clock, random=SystemRandom(), agent_wait=600.0)
        self.sensing, self.incoming = self.assembly.sensing, self.assembly.requests(str, PackStore(Path("/nonexistent"))).incoming
        if active:
            self.assembly.active.swap(catalog())
        self.n = 0

    async def connect(self) -> None:
        if await self.store.agent("one") is None:
            token = JoinToken(token_hash="t", name="one", labels={}, expires_at=self.clock.now() + 9)
            await self.store.add_join_token(token)
            await self.store.enrol(enrolled("one"), "t", self.clock.now())
        await self.assembly.restore()
        hello = Hello(instance="i", boot_id="b", version="0", slots=4, sensors=True, too_fast=self.apart)
        self.session = Session(session_id="s", name="one", hello=hello, now=self.clock.monotonic())
        self.session.streaming = True
        self.assembly.sessions.put(self.session)
        self.assembly.fleet.joined("one")
        await self.sensing.place()

    async def say(self, kind: str, body: JsonObject, *, n: int = 0) -> Stored:
        self.n = n or self.n + 1
        line = json.dumps({"type": kind, "n": self.n, "body": body})
        return await self.incoming.take(self.session, line.encode())

    async def status(self, state: SensorState, *, after: float = 0.0, restarts: int = 0) -> None:
        """Let time pass, then let the agent say how the sensor is."""
        self.clock.time += after
        one = SensorStatus(sensor="web.disk", state=state, since=1.0, restarts=restarts, last_error="exit 1")
        await self.say("status", Status(slots=4, busy=0, sensors=(one,)).model_dump(mode="json"))
        await self.sensing.place()

    async def events(self) -> list[Event]:
        return list(await self.store.unplanned(limit=9))

    async def sent(self) -> list[str]:
        """Return which events of sensors there are, in their order."""
        page = await self.store.recorded_events(after=0, since=0.0, limit=99)
        return [f"{sensor} {one.new.id}" for one in page.events if (sensor := one.new.source.rpartition("/web.")[2]) in ("disk", "other")]


def data_of(event: Event) -> JsonObject:
    assert isinstance(event.new.data, dict)
    return event.new.data


@pytest.mark.sentence("S20")
async def test_a_sensor_that_fails_is_said_once_and_so_is_that_it_has_recovered_also_over_a_restart() -> None:
    store = MemoryStore()
    place = Place(store)
    await place.connect()
    await place.status("running")
    await place.status("backing_off", after=30, restarts=1)
    await place.status("backing_off", after=60, restarts=3)
    await place.status("backing_off", after=60, restarts=4)
    (failing,) = await place.events()
    assert (failing.new.type, failing.new.source, failing.new.subject) == ("core.sensor_failing", "attune:controller", "web.disk")
    said = {key: data_of(failing)[key] for key in ("sensor", "agent", "restarts", "error")}
    assert said == {"sensor": "web.disk", "agent": "one", "restarts": 3, "error": "exit 1"}
    assert place.sensing.seats("web.disk")[0].failing_since == place.clock.time - 150
    again = Place(store)
    again.clock.time = place.clock.time
    await again.connect()
    await again.status("backing_off", after=200)
    assert len(await again.events()) == 1, "it was said before the restart"
    await again.status("running", after=1)
    await again.status("running", after=60)
    await again.status("running", after=60)
    _, recovered = await again.events()
    assert recovered.new.type == "core.sensor_recovered"
    assert data_of(recovered) == {key: data_of(failing)[key] for key in ("sensor", "agent", "since")}


async def test_a_full_controller_refuses_events_and_nothing_else_and_takes_them_later() -> None:
    place = Place(MemoryStore())
    await place.connect()
    body: JsonObject = {"sensor": "web.disk", "id": "a", "trigger": "web.full", "data": {}, "time": 1.0}
    place.assembly.backlog.limit = 0
    assert await place.say("event", body) == Stored(n=1, refused_events=1, again_in=1.0)
    await place.status("running")
    assert not await place.events()
    place.assembly.backlog.limit = 100
    assert await place.say("event", body, n=1) == Stored(n=2), "the same request again, as after a lost answer"
    assert [event.new.id for event in await place.events()] == ["a"]


async def test_what_is_known_of_a_sensor_that_was_removed_goes_when_its_agent_has_sent_all_of_it() -> None:
    place = Place(MemoryStore())
    await place.connect()
    place.assembly.active.swap(catalog(name="other"))
    await place.sensing.place()
    assert [seat.leaving for seat in place.sensing.seats("web.disk")] == [True]
    left = Status(slots=4, busy=0, sensor_lists=2, sensors_left=("web.disk",))
    await place.say("status", left.model_dump(mode="json"))
    await place.sensing.place()
    assert [(seat.sensor, seat.held) for seat in await place.store.seats()] == [("web.disk", False), ("web.other", True)]
    await place.say("event", tick("disk", 1))
    await place.say("status", left.model_copy(update={"sensors_left": ()}).model_dump(mode="json"))
    await place.sensing.place()
    assert [seat.sensor for seat in await place.store.seats()] == ["web.other"]
    assert [event.new.dead for event in await place.events() if event.new.id == "1"] == [None]


def tick(sensor: str, n: int) -> JsonObject:
    return {"sensor": f"web.{sensor}", "id": str(n), "trigger": "web.full", "data": {}, "time": 1.0}


@pytest.mark.parametrize(
    ("apart", "answer", "stored"),
    [
        (True, Stored(n=6, too_fast={"web.disk": TooFast(events=2, again_in=10.0)}), ["disk 0", "other 0", "other 1", "other 2"]),
        (False, Stored(n=6, refused_events=4, again_in=10.0), ["disk 0", "other 0"]),
    ],
)
async def test_a_sensor_that_is_too_fast_holds_back_no_other_one_if_its_agent_knows_how_to_tell_them_apart(
    *, apart: bool, answer: Stored, stored: list[str]
) -> None:
    place = Place(MemoryStore(), apart=apart)
    await place.connect()
    place.assembly.rates.set(None, {"attune:sensors/one/web.disk": 0.1})
    said = [tick(sensor, n) for n in range(3) for sensor in ("disk", "other")]
    lines = [json.dumps({"type": "event", "n": n, "body": body}) for n, body in enumerate(said, 1)]
    assert await place.incoming.take(place.session, "\n".join(lines).encode()) == answer
    assert sorted(await place.sent()) == stored
    place.clock.time += 10
    assert await place.say("event", tick("disk", 1), n=7) == Stored(n=7)
    assert [one for one in await place.sent() if "disk" in one] == ["disk 0", "disk 1"]


async def test_without_a_revision_nobody_is_told_anything_and_seats_stay() -> None:
    store = MemoryStore()
    await Place(store).connect()
    seats = await store.seats()
    assert [seat.agent for seat in seats] == ["one"]
    later = Place(store, active=False)
    await later.connect()
    assert later.sensing.told("one") is None
    assert await store.seats() == seats
