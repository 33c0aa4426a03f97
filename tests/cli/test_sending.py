"""Many events on their way to a controller: groups, what is refused, what has to wait, and what a replay or an import makes of an event."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from attune_cli import sending
from attune_cli.client import Client
from attune_cli.errors import ControllerBusy, RequestFailed
from attune_cli.profiles import Profile
from attune_cli.replaying import Chosen, imported, replayed
from attune_cli.sending import Outgoing, Sent, became, send_many
from attune_controller.http.app import build_public_app
from attune_core.rules.recorded import RecordedEvent
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.api import Accepted
from tests.controller.http.house import House
from tests.controller.http.serving import listening, port_of


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def event(number: int, **change: JsonValue) -> Outgoing:
    plain: JsonObject = {"specversion": "1.0", "id": f"{number}", "source": "/m", "type": "web.alert", "data": {"unit": "a"}}
    return Outgoing(place=f"line {number}", event=plain | change)


@asynccontextmanager
async def connected(house: House, *scopes: str) -> AsyncIterator[Callable[[list[Outgoing]], Sent]]:
    """Give what sends events from a thread of its own, as the command does."""
    _, token = await house.tokens.create("sender", scopes)
    async with listening(build_public_app(house.parts)) as listener:
        profile = Profile(url=f"http://127.0.0.1:{port_of(listener)}", authority="", token=token)

        def send(events: list[Outgoing]) -> Sent:
            sent = Sent()
            with Client(profile) as client:
                send_many(client, events, sent, lambda _: None)
            return sent

        yield send


async def test_groups_arrive_in_order_and_refusals_have_their_place(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "GROUP", 4)
    monkeypatch.setattr(sending, "GROUP_BYTES", 300)
    events = [event(number) for number in range(10)]
    events[7] = event(7, type="core.agent_joined")
    async with connected(house, "events:send") as send:
        sent = await asyncio.to_thread(send, events)
        again = await asyncio.to_thread(send, events)
    assert (sent.accepted, sent.refused, [place for place, _ in sent.refusals]) == (9, 1, ["line 7"])
    assert (again.accepted, again.duplicates) == (0, 9)
    assert [one.new.id for one in await house.store.unplanned(limit=20)] == ["0", "1", "2", "3", "4", "5", "6", "8", "9"]


async def test_what_a_full_controller_does_not_take_is_sent_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.backlog.limit = 3

    def drained(seconds: float) -> None:
        house.backlog.limit = 100

    monkeypatch.setattr(sending._NEVER, "wait", drained)
    async with connected(house, "events:send") as send:
        sent = await asyncio.to_thread(send, [event(number) for number in range(5)])
    assert (sent.accepted, sent.duplicates, sent.refused) == (5, 0, 0)


async def test_a_controller_that_never_takes_any_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_WAIT", 0.0)
    monkeypatch.setattr(sending, "_TRIES", 2)
    house.backlog.limit = 0
    async with connected(house, "events:send") as send:
        with pytest.raises(ControllerBusy):
            await asyncio.to_thread(send, [event(1)])


async def test_a_refusal_of_the_whole_request_is_the_controllers_own(house: House) -> None:
    async with connected(house, "read") as send:
        with pytest.raises(RequestFailed) as raised:
            await asyncio.to_thread(send, [event(1)])
    assert "does not have the scope events:send" in raised.value.message


def test_an_import_speaks_for_nobody_and_leaves_out_what_only_a_controller_makes() -> None:
    def of(source: str, kind: str = "web.alert") -> JsonObject:
        return {"source": source, "type": kind}

    assert imported(of("attune:hooks/github")) == of("import:attune:hooks/github")
    assert imported(of("ATTUNE:x")) == of("import:ATTUNE:x")
    for kept in (of("attune:cli"), of("https://monitor")):
        assert imported(kept) == kept
    assert imported(of("attune:controller", "core.queue_full")) is None
    assert imported(of("attune:executions", "web.restart.completed")) is None
    assert imported([1]) == [1], "the controller says what is wrong with it"


def test_a_replay_leads_back_to_its_event_and_happens_now() -> None:
    first = RecordedEvent(
        id="d-1", source="attune:hooks/github", type="github.push", subject="main", time=1.0, received_at=2.0, data={"ref": "a"}, position=7
    )
    assert replayed(first, "repaired", 86400.0) == {
        "specversion": "1.0",
        "id": "repaired:7",
        "source": "replay:attune:hooks/github",
        "type": "github.push",
        "time": "1970-01-02T00:00:00.000000Z",
        "subject": "main",
        "data": {"ref": "a"},
    }
    own = RecordedEvent(id="1", source="attune:api", type="core.requested", subject="", time=1.0, received_at=1.0, data={}, position=8)
    chosen = Chosen()
    for one in (first, own):
        chosen.add(one)
    assert (chosen.events, chosen.left_out) == ([first], 1)


def test_what_became_of_one_event_is_said_with_where_to_read_on() -> None:
    taken = Accepted(id="a", source="/m", position=7)
    assert became(taken) == "event 7 accepted; see: attune event show 7"
    assert became(taken.model_copy(update={"duplicate": True})) == "event 7 accepted (it was there already); see: attune event show 7"
    dead = taken.model_copy(update={"dead_letter": "no trigger web.alert is declared"})
    assert became(dead) == "event 7 is a dead letter: no trigger web.alert is declared; see: attune event dead-letter show 7"
