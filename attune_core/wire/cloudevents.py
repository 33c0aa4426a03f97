"""CloudEvents 1.0 in JSON (github.com/cloudevents/spec, formats/json-format.md): one document read into its attributes; pure.

Called by the controller for /events and by `attune_core.rules.recorded` for exported ones. Attributes that an Attune event has no
place for (dataschema, other extensions) are not kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from attune_core.errors import AttuneError, Blame
from attune_core.moments import parse_rfc3339
from attune_core.names import is_trigger
from attune_core.values import JsonValue

_LENGTHS = {"id": 256, "source": 512, "type": 140, "subject": 512, "traceparent": 64}


class CloudEventRefused(AttuneError):
    """The document is not a CloudEvents 1.0 event as Attune takes them."""

    code, blame = "ATT416", Blame.AUTHOR
    remedy = "send specversion 1.0, id, source, type and JSON data (CloudEvents 1.0, JSON format)"


@dataclass(frozen=True, kw_only=True)
class CloudEvent:
    """The attributes that Attune keeps; times are seconds of the epoch, None where there is none."""

    id: str
    source: str
    type: str
    subject: str
    time: float | None
    data: JsonValue
    traceparent: str
    #: The controller's own, in an export: the event's place in its order, and when it was received.
    position: int | None
    received_at: float | None


def read_attributes(value: JsonValue) -> CloudEvent:
    """Return the attributes of a document; `CloudEventRefused` says what is wrong with it."""
    if not isinstance(value, dict):
        raise CloudEventRefused("the document is not one JSON object")
    if value.get("specversion") != "1.0":
        raise CloudEventRefused('specversion is not "1.0"')
    if "data_base64" in value or not _is_json(value.get("datacontenttype")):
        raise CloudEventRefused("only JSON data is taken: `data`, with datacontenttype application/json or none")
    kind = _text(value, "type")
    if not is_trigger(kind):
        raise CloudEventRefused("type is not a reference to a trigger, such as web.alert")
    return CloudEvent(
        id=_text(value, "id"),
        source=_text(value, "source"),
        type=kind,
        subject=_text(value, "subject", required=False),
        time=_moment(value, "time"),
        data=value.get("data"),
        traceparent=_text(value, "traceparent", required=False),
        position=_position(value.get("attuneposition")),
        received_at=_moment(value, "attunereceived"),
    )


def _text(value: Mapping[str, JsonValue], name: str, *, required: bool = True) -> str:
    found = value.get(name)
    if found is None and not required:
        return ""
    if not isinstance(found, str) or not found or len(found) > _LENGTHS[name]:
        raise CloudEventRefused(f"{name} is not a text of 1 to {_LENGTHS[name]} characters")
    return found


def _is_json(media_type: JsonValue) -> bool:
    if media_type is None:
        return True
    kind = media_type.partition(";")[0].strip().lower() if isinstance(media_type, str) else ""
    return kind == "application/json" or kind.endswith("+json")


def _moment(value: Mapping[str, JsonValue], name: str) -> float | None:
    text = value.get(name)
    if text is None:
        return None
    try:
        return parse_rfc3339(text if isinstance(text, str) else "")
    except ValueError as error:
        raise CloudEventRefused(f"{name} is not an RFC 3339 time with its zone") from error


def _position(value: JsonValue) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise CloudEventRefused("attuneposition is not a whole number from 1")
    return value
