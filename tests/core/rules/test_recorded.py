"""Recorded events: what is written is read back, and a line that is no event is said with its number."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_core.rules.recorded import LINE_LIMIT, RecordedEvent, UnreadableLine, read_recorded, write_event
from attune_core.values import JsonLimits, JsonObject, JsonValue, parse_json
from attune_core.webhooks.bodies import KEYS
from tests.core.expressions.json_values import json_values
from tests.core.rules.repositories import event

LINE: JsonObject = {"specversion": "1.0", "id": "1", "source": "s", "type": "web.alert", "time": "2026-01-02T03:04:05Z", "data": {"a": 1}}


def read(*lines: JsonValue | bytes) -> list[RecordedEvent | UnreadableLine]:
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return list(read_recorded(io.BytesIO(b"\n".join(texts))))


@settings(max_examples=50)
@given(
    data=json_values().filter(lambda value: "\\u0000" not in json.dumps(value)),
    at=st.integers(0, 4_000_000_000_000_000).map(lambda micro: micro / 1_000_000),
)
def test_what_is_written_is_read_back(data: JsonValue, at: float) -> None:
    written = event(7, {"data": data}, at=at)
    (found,) = read(write_event(written).encode())
    assert isinstance(found, RecordedEvent)
    assert write_event(found) == write_event(written)
    assert found.data == written.data


def test_empty_lines_are_nothing_and_the_last_line_needs_no_end() -> None:
    assert [
        one.position
        for one in read(b"", write_event(event(3)).encode(), b"  ", write_event(event(4)).encode())
        if isinstance(one, RecordedEvent)
    ] == [3, 4]
    assert read() == []


def test_the_time_received_counts_and_without_it_the_event_s_own() -> None:
    own, received = read(LINE, LINE | {"attunereceived": "2026-01-02T04:04:05+01:00", "time": "2020-01-01T00:00:00Z"})
    assert isinstance(own, RecordedEvent)
    assert isinstance(received, RecordedEvent)
    assert own.received_at == received.received_at == 1767323045.0
    assert received.time < own.time


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"{", "not JSON"),
        (b"[]", "not one JSON object"),
        (b"\xff", "not UTF-8"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (LINE | {"specversion": "0.3"}, "specversion"),
        (LINE | {"type": "alert"}, "reference to a trigger"),
        (LINE | {"id": ""}, "id is not a text"),
        (LINE | {"time": "yesterday"}, "time is not an RFC 3339 time"),
        (LINE | {"time": "2026-01-02T03:04:05"}, "time is not an RFC 3339 time with its zone"),
        (LINE | {"time": "9999-12-31T23:59:59-12:00"}, "time is not an RFC 3339 time"),
        (LINE | {"time": "0001-01-01T00:00:00+12:00"}, "time is not an RFC 3339 time"),
        (LINE | {"time": "9999-12-31T23:59:59.999999Z"}, "time is not an RFC 3339 time"),
        (LINE | {"time": None}, "neither attunereceived nor time"),
        (LINE | {"attuneposition": True}, "attuneposition"),
        (LINE | {"data_base64": "aGk="}, "data and data_base64"),
        (b'"' + b"x" * LINE_LIMIT, "more than 2097152 bytes"),
    ],
)
def test_a_line_that_is_no_event_is_said_and_the_next_is_read(line: JsonValue | bytes, error: str) -> None:
    before, mistake, after = read(LINE, line, LINE)
    assert isinstance(before, RecordedEvent)
    assert isinstance(after, RecordedEvent)
    assert isinstance(mistake, UnreadableLine)
    assert mistake.number == 2
    assert error in mistake.error
    assert len(mistake.error) < 400


def test_an_event_as_large_as_a_hook_takes_is_read_from_its_line() -> None:
    data: JsonObject = {"list": [0] * 9_990, "text": "ü" * 250_000}
    (found,) = read(write_event(event(1, data)).encode())
    assert isinstance(found, RecordedEvent)


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b",".join([b"1e15"] * 50_000) + b"]",  # written out in full, a number of four characters has eighteen
        b"{" + b",".join(b'"%d":0' % number for number in range(50_000)) + b"}",
        b"[" * 64 + b"]" * 64,
        b'["' + "\U0001f600".encode() * 65_000 + b'"]',
    ],
)
def test_whatever_comes_in_at_a_door_is_read_from_an_export(body: bytes) -> None:
    data = parse_json(body, JsonLimits(size=1 << 20, keys=KEYS))
    (found,) = read(write_event(event(1, {"result": data})).encode())
    assert isinstance(found, RecordedEvent), found
    assert found.data == {"result": data}
