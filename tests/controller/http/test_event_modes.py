"""/events beside structured mode: binary events, batches, and events one a line."""

import base64
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import httpx2
import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from attune_controller.errors import SourceTooFast
from attune_controller.http import many
from attune_controller.store.errors import StoreFull
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.api import Accepted, Failure
from attune_core.wire.cloudevents_http import BATCH, LINES, STRUCTURED
from attune_core.wire.ingest import EventResult, Fate, ManyAccepted, ManyRefused
from tests.controller.http.house import House

HEADERS = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/monitor", "ce-type": "web.alert", "content-type": "application/json"}
DATA = b'{"unit": "web_a"}'


def event(number: JsonValue, **change: JsonValue) -> JsonObject:
    plain: JsonObject = {"specversion": "1.0", "id": f"{number}", "source": "/monitor", "type": "web.alert", "data": {"unit": "a"}}
    return plain | change


def lines(*events: JsonValue) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in events)


async def post(client: httpx2.AsyncClient, body: bytes, media_type: str) -> httpx2.Response:
    return await client.post("/events", content=body, headers={"content-type": media_type})


def fates(results: Sequence[EventResult]) -> list[tuple[int, str, str]]:
    return [(one.n, one.fate.value, one.code) for one in results]


async def test_a_binary_event_is_its_headers_decoded_and_its_body(house: House) -> None:
    headers = HEADERS | {"ce-subject": "Euro%20%E2%82%AC%20%F0%9F%98%80", "ce-time": "2026-11-23T12:00:00Z", "ce-other": "not kept"}
    async with house.client("events:send") as client:
        answer = await client.post("/events", content=DATA, headers=headers)
    assert answer.status_code == 202
    stored = await house.store.event(Accepted.model_validate_json(answer.content).position)
    assert stored is not None
    assert (stored.new.id, stored.new.source, stored.new.type) == ("1", "/monitor", "web.alert")
    assert (stored.new.subject, stored.new.time, stored.new.data) == ("Euro € 😀", 1795435200.0, {"unit": "web_a"})


async def test_a_binary_event_in_quotes_is_read_as_senders_of_old_meant_it(house: House) -> None:
    async with house.client("events:send") as client:
        await client.post("/events", content=DATA, headers=HEADERS | {"ce-subject": r'"a \"b\" %63"'})
    stored = await house.store.event(1)
    assert stored is not None
    assert stored.new.subject == 'a "b" c'


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"ce-id": ""}, 400, "ATT416"),
        ({"ce-specversion": "0.3"}, 400, "ATT416"),
        ({"ce-subject": "100%"}, 400, "ATT416"),
        ({"ce-subject": "%ff"}, 400, "ATT416"),
        ({"ce-subject": "%00"}, 400, "ATT416"),
        ({"ce-source": "attune:hooks/github"}, 403, "ATT417"),
        ({"content-type": "text/plain"}, 415, "ATT411"),
        ({"content-type": "application/x-www-form-urlencoded"}, 415, "ATT411"),
    ],
)
async def test_a_binary_event_that_is_none_is_refused(house: House, change: dict[str, str], status: int, code: str) -> None:
    async with house.client("events:send") as client:
        answer = await client.post("/events", content=DATA, headers=HEADERS | change)
    assert (answer.status_code, Failure.model_validate_json(answer.content).code) == (status, code)
    assert await house.store.event(1) is None


async def test_a_binary_attribute_may_not_stand_twice(house: House) -> None:
    async with house.client("events:send") as client:
        answer = await client.post("/events", content=DATA, headers=[*HEADERS.items(), ("ce-id", "2")])
    assert (answer.status_code, Failure.model_validate_json(answer.content).code) == (400, "ATT416")


async def test_json_in_base64_is_json(house: House) -> None:
    document = event(1, data_base64=base64.b64encode(DATA).decode())
    del document["data"]
    async with house.client("events:send") as client:
        answer = await post(client, json.dumps(document).encode(), STRUCTURED)
        twice = await post(client, json.dumps(document | {"id": "2", "data": {}}).encode(), STRUCTURED)
        broken = await post(client, json.dumps(document | {"id": "3", "data_base64": "!"}).encode(), STRUCTURED)
    assert (answer.status_code, twice.status_code, broken.status_code) == (202, 400, 400)
    stored = await house.store.event(1)
    assert stored is not None
    assert stored.new.data == {"unit": "web_a"}


@pytest.mark.parametrize("data", [{"unit": "web_a"}, DATA], ids=["a value", "bytes"])
@pytest.mark.parametrize("mode", ["structured", "binary", "batch"])
async def test_what_the_official_sdk_sends_is_taken(house: House, mode: str, data: dict[str, str] | bytes) -> None:
    attributes = {
        "id": "1",
        "source": "/monitor",
        "type": "web.alert",
        "subject": 'Euro € 100% "x" \\',
        "time": datetime(2026, 11, 23, 12, tzinfo=UTC),
        "datacontenttype": "application/json",
    }
    sent = CloudEvent(attributes, data)
    message = to_binary_event(sent) if mode == "binary" else to_structured_event(sent)
    headers, body = message.headers, message.body
    if mode == "batch":
        headers, body = {"content-type": BATCH}, b"[" + JSONFormat().write(sent) + b"]"
    async with house.client("events:send") as client:
        answer = await client.post("/events", content=body, headers=headers)
    assert answer.status_code == 202, answer.text
    stored = await house.store.event(1)
    assert stored is not None
    assert (stored.new.id, stored.new.source, stored.new.type, stored.new.subject) == ("1", "/monitor", "web.alert", attributes["subject"])
    assert (stored.new.time, stored.new.data) == (1795435200.0, {"unit": "web_a"})


async def test_a_batch_is_one_commit_in_its_order(house: House) -> None:
    async with house.client("events:send") as client:
        answer = await post(client, json.dumps([event(1), event(2), event(1)]).encode(), BATCH)
        empty = await post(client, b"[]", BATCH)
        none = await post(client, b"{}", BATCH)
    told = ManyAccepted.model_validate_json(answer.content)
    assert (answer.status_code, told.accepted, told.duplicates) == (202, 2, 1)
    assert [(one.n, one.position) for one in told.events] == [(1, 1), (2, 2), (3, 1)]
    assert (empty.status_code, none.status_code) == (202, 400)


@pytest.mark.parametrize("media_type", [BATCH, LINES])
async def test_what_is_wrong_with_one_event_is_told_of_it_and_the_others_are_stored(house: House, media_type: str) -> None:
    events: list[JsonValue] = [
        event(1),
        event(1, data={"unit": "other"}),
        event(3, type="web.unheard_of"),
        7,
        event(5, source="attune:api"),
        event(6),
    ]
    async with house.client("events:send") as client:
        answer = await post(client, lines(*events) if media_type == LINES else json.dumps(events).encode(), media_type)
    told = ManyRefused.model_validate_json(answer.content)
    assert (answer.status_code, told.code, told.refused) == (422, "ATT430", 3)
    assert fates(told.events) == [
        (1, "accepted", ""),
        (2, "refused", "ATT429"),
        (3, "dead_letter", ""),
        (4, "refused", "ATT416"),
        (5, "refused", "ATT417"),
        (6, "accepted", ""),
    ]
    assert "web.unheard_of" in told.events[2].detail
    assert [event.new.id for event in await house.store.unplanned(limit=9)] == ["1", "6"]


async def test_lines_may_be_empty_end_in_crlf_and_lack_the_last_end(house: House) -> None:
    async with house.client("events:send") as client:
        answer = await post(client, lines(event(1)).replace(b"\n", b"\r\n\r\n") + lines(event(2)).strip(), LINES)
    assert [(one.n, one.id) for one in ManyAccepted.model_validate_json(answer.content).events] == [(1, "1"), (3, "2")]


async def test_a_line_over_the_bound_is_refused_alone(house: House) -> None:
    object.__setattr__(house.parts, "body_bytes", 200)
    long = b'"' + b"x" * 300_000 + b'"\n'
    async with house.client("events:send") as client:
        answer = await post(client, lines(event(1)) + long + b"x" * 201 + b"\n" + lines(event(4)) + b"y" * 300, LINES)
    told = ManyRefused.model_validate_json(answer.content)
    assert fates(told.events) == [
        (1, "accepted", ""),
        (2, "refused", "ATT404"),
        (3, "refused", "ATT404"),
        (4, "accepted", ""),
        (5, "refused", "ATT404"),
    ]


async def test_more_bytes_or_events_than_one_request_may_bring_are_refused_and_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "MOST", 3)
    async with house.client("events:send") as client:
        events = await post(client, lines(*map(event, range(5))), LINES)
        object.__setattr__(house.parts, "lines_bytes", 1000)
        large = await post(client, lines(*map(event, range(100))), LINES)
    told = ManyRefused.model_validate_json(events.content)
    assert (events.status_code, told.code, told.accepted, len(told.events)) == (413, "ATT404", 3, 3)
    assert (large.status_code, Failure.model_validate_json(large.content).code) == (413, "ATT404")


async def test_lines_are_durable_group_by_group_while_the_body_still_comes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "GROUP", 2)

    async def body() -> AsyncIterator[bytes]:
        yield lines(event(1), event(2))[:-5]
        yield lines(event(2))[-5:]
        while await house.store.event(2) is None:
            yield b"\n"
        yield lines(event(3))

    async with house.client("events:send") as client:
        answer = await client.post("/events", content=body(), headers={"content-type": LINES})
    assert [one.id for one in ManyAccepted.model_validate_json(answer.content).events] == ["1", "2", "3"]


async def test_a_controller_that_takes_no_more_says_when_to_come_again_and_what_is_stored(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "GROUP", 2)
    house.backlog.limit = 3
    async with house.client("events:send") as client:
        answer = await post(client, lines(*map(event, range(8))), LINES)
        told = ManyRefused.model_validate_json(answer.content)
        assert (answer.status_code, answer.headers["retry-after"], told.code) == (429, "1", "ATT425")
        assert [(one.id, one.fate) for one in told.events] == [("0", Fate.ACCEPTED), ("1", Fate.ACCEPTED)]
        house.backlog.limit = 100
        again = ManyAccepted.model_validate_json((await post(client, lines(*map(event, range(8))), LINES)).content)
    assert (again.accepted, again.duplicates) == (6, 2)


async def test_a_source_that_is_too_fast_is_told_when_to_send_the_rest(house: House) -> None:
    taken: list[str] = []

    def check(source: str) -> None:
        taken.append(source)
        if len(taken) == 3:
            error = SourceTooFast("more than 2 events a second")
            error.retry_after = 7
            raise error

    house.parts.intake.check_rate = check  # type: ignore[method-assign]  # as at a rate of the settings
    async with house.client("events:send") as client:
        answer = await post(client, lines(*map(event, range(5))), LINES)
    told = ManyRefused.model_validate_json(answer.content)
    assert (answer.status_code, answer.headers["retry-after"], told.code) == (429, "7", "ATT678")
    assert [one.id for one in told.events] == ["0", "1"], "the third is not refused: it is to be sent again with the rest"


async def test_a_full_disk_is_told_with_503(house: House) -> None:
    async def full(events: object, *, followed: bool) -> None:
        raise StoreFull

    house.store.accept_events = full  # type: ignore[assignment,method-assign]  # as the store does then
    async with house.client("events:send") as client:
        answer = await post(client, lines(event(1)), LINES)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_who_goes_away_in_the_middle_leaves_whole_groups_and_sends_everything_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "GROUP", 2)
    whole = lines(*map(event, range(7)))

    async def body() -> AsyncIterator[bytes]:
        yield lines(*map(event, range(5)))
        while await house.store.event(4) is None:
            yield b"\n"
        raise ConnectionAbortedError

    async with house.client("events:send") as client:
        with pytest.raises(ConnectionAbortedError):
            await client.post("/events", content=body(), headers={"content-type": LINES})
        told = ManyAccepted.model_validate_json((await post(client, whole, LINES)).content)
    assert (told.accepted, told.duplicates) == (3, 4)
    assert [one.new.id for one in await house.store.unplanned(limit=9)] == [f"{number}" for number in range(7)]
