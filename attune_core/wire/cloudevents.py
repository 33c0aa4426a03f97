"""CloudEvents 1.0 in JSON (github.com/cloudevents/spec, formats/json-format.md): one document read into its attributes; pure.

Called by the controller for /events (binary mode comes through `cloudevents_http`) and by `attune_core.rules.recorded` for exported ones.
Attributes that an Attune event has no place for (dataschema, other extensions) are not kept.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import NamedTuple

from attune_core.errors import AttuneError, Blame
from attune_core.moments import parse_rfc3339
from attune_core.names import is_trigger
from attune_core.traces import traceparent_of
from attune_core.values import JsonValue, parse_json

_LENGTHS = {"id": 256, "source": 512, "type": 140, "subject": 512, "traceparent": 64}
#: What a text may not hold (spec.md, "String"); surrogates are refused where JSON is read.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


class CloudEventRefused(AttuneError):
    """The document is not a CloudEvents 1.0 event as Attune takes them."""

    code, blame = "ATT416", Blame.AUTHOR
    remedy = "send specversion 1.0, id, source, type and JSON data (CloudEvents 1.0, JSON format)"


class CloudEvent(NamedTuple):
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
    if not is_json(value.get("datacontenttype")):
        raise CloudEventRefused("only JSON data is taken: datacontenttype is application/json or none")
    kind = _text(value, "type")
    if not is_trigger(kind):
        raise CloudEventRefused("type is not a reference to a trigger, such as web.alert")
    return CloudEvent(
        id=_text(value, "id"),
        source=_text(value, "source"),
        type=kind,
        subject=_text(value, "subject", required=False),
        time=_moment(value, "time"),
        data=_data(value),
        traceparent=traceparent_of(_text(value, "traceparent", required=False)),
        position=_position(value.get("attuneposition")),
        received_at=_moment(value, "attunereceived"),
    )


def _data(value: Mapping[str, JsonValue]) -> JsonValue:
    """Return the data: `data` as it is, or the JSON text that `data_base64` holds, as some SDKs write bytes."""
    encoded = value.get("data_base64")
    if encoded is None:
        return value.get("data")
    if "data" in value or not isinstance(encoded, str):
        raise CloudEventRefused("there are data and data_base64, or data_base64 is no text")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CloudEventRefused("data_base64 is not Base64") from error
    return parse_json(raw)


def _text(value: Mapping[str, JsonValue], name: str, *, required: bool = True) -> str:
    found = value.get(name)
    if found is None and not required:
        return ""
    if not isinstance(found, str) or not found or len(found) > _LENGTHS[name] or _CONTROL.search(found):
        raise CloudEventRefused(f"{name} is not a text of 1 to {_LENGTHS[name]} characters without control characters")
    return found


def is_json(media_type: JsonValue) -> bool:
    """Tell whether a media type, or none, is that of JSON."""
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
