"""/events and /v1/events: CloudEvents in, once each, and what became of them."""

import httpx2
import pytest

from attune_controller.store.errors import StoreBusy
from attune_controller.store.records.events import EventStatus
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.api import Accepted, EventView, Failure, Page
from attune_core.wire.cloudevents_http import STRUCTURED
from tests.controller.http.executions import accept, plan
from tests.controller.http.house import House

EVENT: JsonObject = {
    "specversion": "1.0",
    "id": "1",
    "source": "https://monitor.example/7",
    "type": "web.alert",
    "subject": "web_a",
    "time": "2026-11-23T12:00:00.250Z",
    "datacontenttype": "application/json",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "partitionkey": "an extension that is not kept",
    "data": {"unit": "web_a"},
}


async def _send(client: httpx2.AsyncClient, event: JsonValue, media_type: str = STRUCTURED) -> httpx2.Response:
    return await client.post("/events", json=event, headers={"content-type": media_type})


async def test_an_event_is_stored_before_it_is_acknowledged_and_the_planner_is_woken(house: House) -> None:
    async with house.client("events:send") as client:
        answer = await _send(client, EVENT)
    assert answer.status_code == 202
    accepted = Accepted.model_validate_json(answer.content)
    assert (accepted.id, accepted.source, accepted.position, accepted.duplicate) == ("1", "https://monitor.example/7", 1, False)
    stored = await house.store.event(1)
    assert stored is not None
    assert (stored.new.type, stored.new.subject, stored.new.data) == ("web.alert", "web_a", {"unit": "web_a"})
    assert stored.new.time == pytest.approx(1795435200.25)
    assert stored.new.received_at == house.clock.time
    assert stored.new.traceparent.startswith("00-0af7")
    assert stored.new.body_digest == ""
    assert house.woken == 1


async def test_the_same_source_and_id_is_the_same_event(house: House) -> None:
    async with house.client("events:send") as client:
        await _send(client, EVENT)
        again = await _send(client, EVENT | {"time": "2027-01-01T00:00:00Z"})
        other = await _send(client, EVENT | {"source": "https://monitor.example/8"})
    assert (again.status_code, Accepted.model_validate_json(again.content).position, again.json()["duplicate"]) == (200, 1, True)
    assert (other.status_code, Accepted.model_validate_json(other.content).position) == (202, 2)


async def test_another_content_under_a_known_id_is_refused_and_told(house: House) -> None:
    async with house.client("events:send") as client:
        await _send(client, EVENT)
        answer = await _send(client, EVENT | {"data": {"unit": "other"}})
    failure = Failure.model_validate_json(answer.content)
    assert (answer.status_code, failure.code) == (409, "ATT429")
    assert "as event 1" in failure.detail
    assert house.intake.differing == 1
    assert await house.store.event(2) is None


async def test_an_event_from_long_ago_is_taken_and_one_from_the_future_is_a_dead_letter(house: House) -> None:
    house.clock.time = 1795435200.0  # 2026-11-23T12:00:00Z
    async with house.client("events:send") as client:
        answers = [
            await _send(client, EVENT | {"id": time, "time": time})
            for time in ("0001-01-01T00:00:00Z", "2026-11-24T12:00:00Z", "2026-11-24T12:00:01Z", "9999-12-31T23:59:59Z")
        ]
    assert {answer.status_code for answer in answers} == {202}
    dead = [Accepted.model_validate_json(answer.content).dead_letter for answer in answers]
    assert dead[:2] == ["", ""]
    assert dead[2].startswith("it says that it happened at 2026-11-24T12:00:01.000000Z, more than 24 h after it came")
    assert "9999-12-31" in dead[3]


async def test_a_minimal_event_and_one_of_the_command_line_are_taken(house: House) -> None:
    minimal: JsonObject = {"specversion": "1.0", "id": "1", "source": "attune:cli", "type": "web.alert", "data": {"unit": "a"}}
    async with house.client("events:send") as client:
        assert (await _send(client, minimal, "Application/CloudEvents+JSON; charset=utf-8")).status_code == 202
    stored = await house.store.event(1)
    assert stored is not None
    assert stored.new.time == house.clock.time


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"data": {"units": "a"}}, "does not fit the trigger's schema"),
        ({"data": None}, "does not fit the trigger's schema"),
        ({"type": "web.unheard_of"}, "no trigger web.unheard_of"),
    ],
)
async def test_what_fits_no_trigger_is_kept_as_a_dead_letter_and_the_sender_is_told(house: House, change: JsonObject, reason: str) -> None:
    async with house.client("events:send", "read") as client:
        answer = await _send(client, EVENT | change)
        assert answer.status_code == 202
        assert reason in Accepted.model_validate_json(answer.content).dead_letter
        page = Page[EventView].model_validate_json((await client.get("/v1/events?status=dead_letter")).content)
    assert [event.position for event in page.items] == [1]
    assert reason in page.items[0].reason


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "0.3"},
        {"specversion": None},
        {"id": ""},
        {"id": 7},
        {"id": "x" * 257},
        {"source": ""},
        {"type": "alert"},
        {"type": "web.alert\n"},
        {"type": "Web.Alert"},
        {"subject": ""},
        {"time": "yesterday"},
        {"time": "2026-11-23T12:00:00"},
        {"time": 1795435200},
        {"time": "9999-12-31T23:59:59-12:00"},
        {"time": "2026-11-23T12:00:00Z" + "0" * 60},
        {"datacontenttype": "text/xml"},
        {"datacontenttype": 7},
        {"data_base64": "aGVsbG8="},
        {"data_base64": 7},
        {"subject": "a\x1bb"},
        {"id": "a\u0085b"},
    ],
)
async def test_what_is_no_cloudevent_is_refused_and_not_stored(house: House, change: JsonObject) -> None:
    async with house.client("events:send") as client:
        answer = await _send(client, EVENT | change)
    assert (answer.status_code, Failure.model_validate_json(answer.content).code) == (400, "ATT416")
    assert await house.store.event(1) is None


@pytest.mark.parametrize("event", [[], "text", 7, None, [EVENT]])
async def test_a_document_that_is_no_object_is_refused(house: House, event: JsonValue) -> None:
    async with house.client("events:send") as client:
        assert (await _send(client, event)).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"source": "attune:hooks/github"},
        {"source": "attune:executions"},
        {"source": "ATTUNE:api"},
        {"source": "attune:cli/"},
        {"type": "core.requested"},
        {"type": "web.restart.completed"},
    ],
)
async def test_nobody_speaks_as_the_controller_itself(house: House, change: JsonObject) -> None:
    """A `core.requested` event would run any action with no more than the right to send events."""
    async with house.client("admin") as client:
        answer = await _send(client, EVENT | change)
    assert (answer.status_code, Failure.model_validate_json(answer.content).code) == (403, "ATT417")
    assert await house.store.event(1) is None


@pytest.mark.parametrize("media_type", ["application/json", "application/cloudevents+xml", "application/x-www-form-urlencoded", ""])
async def test_another_media_type_is_another_format(house: House, media_type: str) -> None:
    async with house.client("events:send") as client:
        answer = await _send(client, EVENT, media_type)
    assert (answer.status_code, Failure.model_validate_json(answer.content).code) == (415, "ATT411")


async def test_a_body_over_the_bound_is_refused_also_behind_another_server(house: House) -> None:
    object.__setattr__(house.parts, "body_bytes", 100)
    async with house.client("events:send") as client:
        assert (await _send(client, EVENT)).status_code == 413


async def test_a_full_controller_answers_429_with_a_time_to_come_back(house: House) -> None:
    async def busy(events: object, *, followed: bool) -> None:
        raise StoreBusy

    house.store.accept_events = busy  # type: ignore[assignment,method-assign]  # as the store does at its bound
    async with house.client("events:send") as client:
        answer = await _send(client, EVENT)
    assert (answer.status_code, answer.headers["retry-after"], Failure.model_validate_json(answer.content).code) == (429, "1", "ATT606")


async def test_events_come_in_pages_newest_first_without_their_data(house: House) -> None:
    for number in range(5):
        await plan(house.store, str(number))
    async with house.client("read") as client:
        first = Page[EventView].model_validate_json((await client.get("/v1/events?limit=2")).content)
        second = Page[EventView].model_validate_json((await client.get(f"/v1/events?limit=3&after={first.next}")).content)
        last = Page[EventView].model_validate_json((await client.get(f"/v1/events?limit=3&after={second.next}")).content)
        before = Page[EventView].model_validate_json((await client.get("/v1/events?before=3")).content)
    assert [event.position for event in first.items] == [5, 4]
    assert [event.position for event in second.items] == [3, 2, 1]
    assert (last.items, last.next) == ([], "")
    assert [event.position for event in before.items] == [2, 1]
    assert first.items[0].data is None
    assert len(first.items[0].executions) == 1
    assert first.items[0].time == "1970-01-01T00:00:01.500000Z"


async def test_an_event_is_found_by_position_and_by_id(house: House) -> None:
    [execution] = await plan(house.store, "https://a/b?c")
    async with house.client("read") as client:
        by_position = EventView.model_validate_json((await client.get("/v1/events/1")).content)
        by_id = EventView.model_validate_json((await client.get("/v1/events/https:%2F%2Fa%2Fb%3Fc")).content)
        assert by_position == by_id
        assert (by_id.status, by_id.data, by_id.executions) == ("planned", {"unit": "a"}, [execution.new.id])
        for missing in ("2", "x", "9" * 30):
            answer = await client.get(f"/v1/events/{missing}")
            assert (answer.status_code, Failure.model_validate_json(answer.content).code) == (404, "ATT610")


async def test_an_id_made_of_digits_is_found_when_no_position_has_the_number(house: House) -> None:
    await accept(house.store, "4711")
    async with house.client("read") as client:
        assert EventView.model_validate_json((await client.get("/v1/events/4711")).content).position == 1


async def test_the_data_of_a_dead_letter_is_shown_only_when_it_is_asked_for(house: House) -> None:
    await accept(house.store, "1", data={"password": "canary"}, dead_reason="no trigger")
    async with house.client("read") as client:
        shown = EventView.model_validate_json((await client.get("/v1/events/1")).content)
        asked = EventView.model_validate_json((await client.get("/v1/events/1?data=true")).content)
        listed = await client.get("/v1/events")
    assert (shown.status, shown.reason, shown.data) == (EventStatus.DEAD_LETTER, "no trigger", None)
    assert asked.data == {"password": "canary"}
    assert "canary" not in listed.text


async def test_at_the_bound_of_everything_that_waits_each_door_says_when_to_come_again(house: House) -> None:
    house.backlog.limit = 0
    async with house.client("events:send", "operate") as client:
        answers = [
            await _send(client, EVENT),
            await client.post("/v1/executions", json={"action": "web.restart", "input": {"unit": "web_a"}}),
        ]
    assert [answer.status_code for answer in answers] == [429, 429]
    assert [Failure.model_validate_json(answer.content).code for answer in answers] == ["ATT425"] * 2
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert await house.store.event(1) is None
