"""CloudEvents over HTTP in binary mode (bindings/http-protocol-binding.md §3.1 of the specification): headers into a document; pure.

Called by the controller for /events; what comes of it is read by `cloudevents` like any other document.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from attune_core.values import JsonObject, JsonValue
from attune_core.wire.cloudevents import CloudEventRefused

#: Media types of the other modes, and of one event a line.
STRUCTURED, BATCH, LINES = "application/cloudevents+json", "application/cloudevents-batch+json", "application/x-ndjson"
_ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time", "traceparent")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_STRAY = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def document_of(headers: Iterable[tuple[bytes, bytes]], media_type: str | None, data: JsonValue) -> JsonObject:
    """Return the event that `ce-` headers describe, as a document in JSON format; names of headers are in lower case."""
    document: JsonObject = {"data": data}
    if media_type is not None:
        document["datacontenttype"] = media_type
    for header, value in headers:
        name = header.removeprefix(b"ce-").decode("latin-1")
        if not header.startswith(b"ce-") or name not in _ATTRIBUTES:
            continue
        if name in document:
            raise CloudEventRefused(f"the header ce-{name} stands more than once")
        document[name] = _decoded(name, value.strip())
    return document


def _decoded(name: str, value: bytes) -> str:
    """Undo the quotes of older senders, then the percent-encoding, once."""
    if quoted := _QUOTED.fullmatch(value):
        value = _ESCAPED.sub(rb"\1", quoted[1])
    if _STRAY.search(value):
        raise CloudEventRefused(f"the header ce-{name} holds a % that begins no encoded byte")
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError as error:
        raise CloudEventRefused(f"the header ce-{name} is not UTF-8 once it is decoded") from error
