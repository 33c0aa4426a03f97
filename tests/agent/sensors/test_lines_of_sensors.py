"""Lines from chunks, whatever their size, and what they mean."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_agent.sensors.line_meaning import STATE_LIMIT, BadLine, EventLine, HeartbeatLine, StateLine, meaning_of
from attune_agent.sensors.line_splitting import Line, LineSplitter
from attune_core.wire.sensors import EventFrame, SensorEvent

_BYTES = st.lists(st.sampled_from([b"\n", b"a", b"bb", b"ccccc", b"\x00\xff"]), max_size=40).map(b"".join)


@given(content=_BYTES, cuts=st.lists(st.integers(1, 7), max_size=60))
def test_lines_do_not_depend_on_how_they_come(content: bytes, cuts: list[int]) -> None:
    whole, apart = LineSplitter(0, limit=6), LineSplitter(0, limit=6)
    expected, found, at = list(whole.feed(content)), list[Line](), 0
    for cut in cuts:
        found += apart.feed(content[at : at + cut])
        at += cut
    found += apart.feed(content[at:])
    assert (found, apart.boundary, apart.skipping, apart.rest()) == (expected, whole.boundary, whole.skipping, whole.rest())
    assert whole.read_to == len(content)
    for line in expected:
        end = content.find(b"\n", line.start)
        size = (end if end >= 0 else len(content)) - line.start
        assert line.raw == (content[line.start : line.start + size] if size <= 6 else None)


@given(content=_BYTES, at=st.integers(0, 60))
def test_reading_begins_anew_at_a_boundary_and_finds_the_same(content: bytes, at: int) -> None:
    first, whole = LineSplitter(0, limit=6), LineSplitter(0, limit=6)
    before = list(first.feed(content[:at]))
    again = LineSplitter(first.boundary, skipping=first.skipping, limit=6)
    assert before + list(again.feed(content[first.boundary :])) == list(whole.feed(content))


def test_a_long_line_is_told_once_and_takes_no_memory() -> None:
    splitter = LineSplitter(0, limit=100)
    told = [line for _ in range(1000) for line in splitter.feed(b"x" * 64)]
    assert told == [Line(0, None)]
    assert (splitter.boundary, splitter.skipping, sum(map(len, splitter._parts))) == (64_000, True, 0)
    assert list(splitter.feed(b"tail\nnext\n")) == [Line(64_005, b"next")]


def event(**keys: object) -> bytes:
    return json.dumps({"trigger": "web.tick", "data": {"n": 1}, **keys}).encode()


def test_an_event_may_say_its_id_time_and_subject() -> None:
    full = event(id="x1", time="2026-01-31T12:00:00Z", subject="/srv")
    assert meaning_of(Line(0, full), poll=False) == EventLine("web.tick", {"n": 1}, "x1", 1_769_860_800.0, "/srv")
    assert meaning_of(Line(0, event() + b"\r"), poll=False) == EventLine("web.tick", {"n": 1}, "", None, "")
    assert meaning_of(Line(0, b'{"trigger":"web.tick"}'), poll=False) == EventLine("web.tick", {}, "", None, "")


def test_heartbeats_and_the_state_of_a_poll() -> None:
    assert meaning_of(Line(0, b' { "heartbeat" : true } '), poll=False) == HeartbeatLine()
    assert meaning_of(Line(0, b'{"state": {"b": 1, "a": null}}'), poll=True) == StateLine('{"a":null,"b":1}')
    assert meaning_of(Line(0, b'{"state": null}'), poll=True) == StateLine("null")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "not JSON"),
        (b"null", "a JSON object is needed"),
        (b"[1]", "a JSON object is needed"),
        (b'{"heartbeat":false}', "'heartbeat' means nothing here"),
        (b'{"state":1}', "only a sensor with `mode: poll`"),
        (b'{"trigger":"web.tick","data":{},"extra":1}', "'extra' means nothing here"),
        (b'{"data":{}}', "`trigger` is to be a text"),
        (event(data=[1]), "`data` is to be an object"),
        (event(data=None), "`data` is to be an object"),
        (event(id=7), "`id` is to be a text"),
        (event(id="x" * 129), "`id` is to be a text"),
        (event(trigger="x" * 141), "`trigger` is to be a text"),
        (event(subject="x" * 513), "`subject` is to be a text"),
        (event(time="2026-01-31T12:00:00"), "`time` is to be an RFC 3339 time"),
        (event(time=5), "`time` is to be an RFC 3339 time"),
        (event(time="9999-12-31T23:59:59-23:00"), "`time` is to be an RFC 3339 time"),
        (b'{"trigger":"web.tick","data":{"a":"\\u0000"}}', "U+0000"),
        (b'{"trigger":"web.tick","data":{"a":"\\ud800"}}', "lone surrogate"),
        (b'{"trigger":"web.tick","data":{"a":1,"a":2}}', "stands twice"),
        (b'{"trigger":"web.tick","data":{"a":Infinity}}', "is not JSON"),
        (None, "more than 1048576 bytes"),
    ],
)
def test_anything_else_is_wrong_and_says_why(raw: bytes | None, why: str) -> None:
    meaning = meaning_of(Line(70, raw), poll=False)
    assert isinstance(meaning, BadLine)
    assert meaning.reason.startswith("the line at byte 70 is no event: ")
    assert why in meaning.reason


def test_a_state_is_bounded() -> None:
    fits, larger = "x" * (STATE_LIMIT - 2), "x" * (STATE_LIMIT - 1)
    assert isinstance(meaning_of(Line(0, json.dumps({"state": fits}).encode()), poll=True), StateLine)
    assert isinstance(meaning_of(Line(0, json.dumps({"state": larger}).encode()), poll=True), BadLine)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@settings(max_examples=10, deadline=None)
@given(
    document=st.fixed_dictionaries(
        {"trigger": st.text() | st.just("web.tick"), "data": st.dictionaries(st.text(), _JSON)},
        optional={"id": _JSON, "time": st.text() | st.datetimes().map(lambda at: at.isoformat() + "Z"), "subject": st.text(max_size=600)},
    )
)
def test_every_line_that_is_taken_makes_a_frame_that_the_controller_can_read(document: dict[str, object]) -> None:
    meaning = meaning_of(Line(0, json.dumps(document).encode()), poll=False)
    if isinstance(meaning, EventLine):
        said = SensorEvent(
            sensor="web.disk",
            id=meaning.id or "r:0",
            trigger=meaning.trigger,
            data=meaning.data,
            subject=meaning.subject,
            time=meaning.time or 0,
        )
        frame = b'{"type":"event","n":1,"body":%b}' % said.model_dump_json().encode()
        assert EventFrame.model_validate_json(frame).body.data == meaning.data
