"""CloudEvents 1.0 in structured JSON mode, as /events takes them (github.com/cloudevents/spec, formats/json-format.md).

Called by http.resources.events; pure. Attributes that an Attune event has no place for (dataschema, extensions) are not kept.
"""

from collections.abc import Mapping
from datetime import datetime

from attune_controller.http.errors import CloudEventRefused, EventReserved
from attune_controller.store.records import NewEvent
from attune_core.names import is_trigger
from attune_core.values import JsonValue

MEDIA_TYPE = "application/cloudevents+json"
#: Sources that only the controller itself writes begin so; the command line's own is the exception.
RESERVED_SOURCE, COMMAND_LINE = "attune:", "attune:cli"

_LENGTHS = {"id": 256, "source": 512, "type": 140, "subject": 512, "traceparent": 64}


def read_cloudevent(value: JsonValue, received_at: float) -> NewEvent:
    """Return the event of a document; `CloudEventRefused`, `EventReserved`."""
    if not isinstance(value, dict):
        raise CloudEventRefused("the document is not one JSON object")
    if value.get("specversion") != "1.0":
        raise CloudEventRefused('specversion is not "1.0"')
    if "data_base64" in value or not _is_json(value.get("datacontenttype")):
        raise CloudEventRefused("only JSON data is taken: `data`, with datacontenttype application/json or none")
    source, kind = _text(value, "source"), _text(value, "type")
    if source.lower().startswith(RESERVED_SOURCE) and source != COMMAND_LINE:
        raise EventReserved(f"the source {source!r} is the controller's own")
    if not is_trigger(kind):
        raise CloudEventRefused("type is not a reference to a trigger, such as web.alert")
    if kind.startswith("core.") or kind.endswith(".completed"):
        raise EventReserved(f"events of the type {kind} are made by the controller itself")
    return NewEvent(
        source=source,
        id=_text(value, "id"),
        type=kind,
        subject=_text(value, "subject", required=False),
        time=_moment(value.get("time"), received_at),
        received_at=received_at,
        data=value.get("data"),
        traceparent=_text(value, "traceparent", required=False),
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


def _moment(text: JsonValue, received_at: float) -> float:
    if text is None:
        return received_at
    try:
        if not isinstance(text, str) or len(text) > 64:
            raise CloudEventRefused("time is not an RFC 3339 text")
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise CloudEventRefused("time has no zone; write Z for UTC")
        return found.timestamp()
    except (ValueError, OverflowError) as error:
        raise CloudEventRefused("time is not an RFC 3339 text") from error
