"""JSON values to and from the text a store keeps.

Called by store/sqlite and store/memory for event data, inputs and results; refuses what no JSON text can hold, so that nothing
stored can fail on its way out again.
"""

import json
from collections.abc import Mapping
from typing import cast

from pydantic_core import to_json

from attune_core.values import JsonRefused, JsonValue

#: For what the fast one does not take; made once: `json.dumps` would make one for each value.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def encode(value: JsonValue | Mapping[str, JsonValue]) -> str:
    """Return compact JSON; `JsonRefused` for NaN, infinities and lone surrogates (the door of attune_core.values refuses them before)."""
    try:
        raw = to_json(value)  # a quarter of what the standard library takes
    except ValueError:
        return _encode_strictly(value)
    return _encode_strictly(value) if b"NaN" in raw or b"Infinity" in raw else raw.decode()


def _encode_strictly(value: JsonValue | Mapping[str, JsonValue]) -> str:
    """Encode what may not be JSON, or is nested deeper than the fast encoder goes, or only says one of the words that are no numbers."""
    try:
        text = _ENCODER.encode(value)
        if not text.isascii():
            text.encode()
    except ValueError as error:
        raise JsonRefused(f"cannot be stored: {error}") from error
    return text


def decode(text: str) -> JsonValue:
    """Return the value of a text made by `encode`."""
    return cast("JsonValue", json.loads(text))


def decode_object(text: str) -> dict[str, JsonValue]:
    """Return the value of a text that `encode` made of a mapping."""
    return cast("dict[str, JsonValue]", json.loads(text))


def decode_texts(text: str) -> dict[str, str]:
    """Return the value of a text that `encode` made of a mapping of texts."""
    return cast("dict[str, str]", json.loads(text)) if text != "{}" else {}  # most are


def stored_bytes(text: str) -> int:
    """Return what an encoded input counts against a hand-over window."""
    return len(text) if text.isascii() else len(text.encode())
