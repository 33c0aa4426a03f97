"""What one line of a sensor's stdout is: an event, a sign of life, a poll's state, or wrong; docs/contract/sensor.md. Pure.

Called by `feed` for every line. What is accepted here is acceptable to the controller's intake in its shape, so that no line can end a
session; whether the trigger is declared and the data fit is judged there.
"""

from dataclasses import dataclass
from typing import TypeAlias

from attune_agent.sensors.line_splitting import LINE_LIMIT, Line
from attune_core.moments import parse_rfc3339
from attune_core.values import JsonLimits, JsonObject, JsonRefused, JsonValue, canonical_json, parse_json
from attune_core.wire.sensors import ID_LIMIT

#: Bytes of a poll's state, as canonical JSON.
STATE_LIMIT = 64 << 10
_TRIGGER_LIMIT, _SUBJECT_LIMIT = 140, 512
#: The event stands in a frame, two levels down.
_LIMITS = JsonLimits(size=LINE_LIMIT, depth=62)
_EVENT_KEYS = frozenset({"trigger", "data", "id", "time", "subject"})


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event; `time` None: when it was read."""

    trigger: str
    data: JsonObject
    id: str
    time: float | None
    subject: str


@dataclass(frozen=True, slots=True)
class HeartbeatLine:
    """The sensor lives."""


@dataclass(frozen=True, slots=True)
class StateLine:
    """What the next run is given, as canonical JSON."""

    state: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """None of these; `reason` is for people."""

    reason: str


Meaning: TypeAlias = EventLine | HeartbeatLine | StateLine | BadLine


class _Wrong(Exception):
    """A key has not the value that it is to have."""


def meaning_of(line: Line, *, poll: bool) -> Meaning:
    """Return what the line says."""
    try:
        return _meaning(line, poll=poll)
    except (JsonRefused, _Wrong) as error:
        what = error.message if isinstance(error, JsonRefused) else str(error)
        return BadLine(f"the line at byte {line.start} is no event: {what}")


def _meaning(line: Line, *, poll: bool) -> Meaning:
    if line.raw is None:
        raise _Wrong(f"it has more than {LINE_LIMIT} bytes")
    value = parse_json(line.raw.rstrip(b"\r\n"), _LIMITS)
    if not isinstance(value, dict):
        raise _Wrong("a JSON object is needed")
    if value == {"heartbeat": True}:
        return HeartbeatLine()
    if value.keys() == {"state"}:
        return _state(value["state"], poll=poll)
    if strange := value.keys() - _EVENT_KEYS:
        raise _Wrong(f"the key {min(strange)[:40]!r} means nothing here")
    data = value.get("data", {})
    if not isinstance(data, dict):
        raise _Wrong("`data` is to be an object")
    return EventLine(
        trigger=_text(value, "trigger", _TRIGGER_LIMIT),
        data=data,
        id=_text(value, "id", ID_LIMIT) if "id" in value else "",
        time=_time(value),
        subject=_text(value, "subject", _SUBJECT_LIMIT) if value.get("subject") else "",
    )


def _state(value: JsonValue, *, poll: bool) -> StateLine:
    if not poll:
        raise _Wrong("only a sensor with `mode: poll` has a state")
    text = canonical_json(value)
    if len(text.encode()) > STATE_LIMIT:
        raise _Wrong(f"the state has more than {STATE_LIMIT} bytes")
    return StateLine(text)


def _text(value: JsonObject, key: str, most: int) -> str:
    text = value.get(key)
    if not isinstance(text, str) or not 0 < len(text) <= most:
        raise _Wrong(f"`{key}` is to be a text of 1 to {most} characters")
    return text


def _time(value: JsonObject) -> float | None:
    text = value.get("time")
    if text is None:
        return None
    try:
        if not isinstance(text, str):
            raise ValueError("no text")
        return parse_rfc3339(text)
    except (ValueError, OverflowError) as error:
        raise _Wrong("`time` is to be an RFC 3339 time with its zone") from error
