"""Typed reading of JSON objects: each function takes one field out or says what is wrong with it.

Called for requests from the agent, for messages between executor and keepers, and for journal records; `FieldWrong` is answered
as `bad_request`, and stops the program where it comes from its own files.
"""

import base64
import binascii
import json
import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar

Fields: TypeAlias = Mapping[str, object]
NOTHING: Fields = {}

#: Made once: `json.dumps` with separators makes an encoder for every call.
_encode = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().decode

_Choice = TypeVar("_Choice", bound=str)


class FieldWrong(ValueError):
    """A field is missing, of another type, or out of its bounds."""


def parse_object(line: bytes) -> Fields:
    """Return the JSON object in these bytes."""
    try:
        value: object = _decode(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FieldWrong(f"not JSON: {error}") from error
    return as_object(value)


def to_json(value: Mapping[str, object] | Sequence[Mapping[str, object]]) -> bytes:
    """Return the JSON text of a message or of records."""
    return _encode(value).encode("ascii")


def as_object(value: object) -> Fields:
    """Return the value if it is a JSON object."""
    if not isinstance(value, dict):
        raise FieldWrong("not a JSON object")
    return value


def text(fields: Fields, name: str, default: str | None = None) -> str:
    """Return a text without NUL and lone surrogates, which no path, argument or variable may hold."""
    value = fields.get(name, default)
    if not isinstance(value, str) or not _plain(value):
        raise FieldWrong(f"{name}: a text is needed")
    return value


def one_of(fields: Fields, name: str, choices: Sequence[_Choice]) -> _Choice:
    """Return the one of these words that the field holds."""
    value = fields.get(name)
    for choice in choices:
        if value == choice:
            return choice
    raise FieldWrong(f"{name}: one of {', '.join(choices)} is needed")


def whole(fields: Fields, name: str, low: int, high: int, default: int | None = None) -> int:
    """Return a whole number between the two, both included."""
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise FieldWrong(f"{name}: a whole number from {low} to {high} is needed")
    return value


def optional_whole(fields: Fields, name: str, low: int, high: int) -> int | None:
    """Return the number, or None where the field is absent or null."""
    return None if fields.get(name) is None else whole(fields, name, low, high)


def seconds(fields: Fields, name: str, high: float) -> float:
    """Return a finite time of at least nothing."""
    value = fields.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or not 0 <= value <= high:
        raise FieldWrong(f"{name}: seconds from 0 to {high:.0f} are needed")
    return float(value)


def flag(fields: Fields, name: str) -> bool:
    """Return a truth value; absent is false."""
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise FieldWrong(f"{name}: true or false is needed")
    return value


def texts(fields: Fields, name: str) -> list[str]:
    """Return a list of texts."""
    value = fields.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) and _plain(item) for item in value):
        raise FieldWrong(f"{name}: a list of texts is needed")
    return value


def text_map(fields: Fields, name: str) -> dict[str, str]:
    """Return an environment: names without `=`, texts as values."""
    value = fields.get(name)
    if not isinstance(value, dict):
        raise FieldWrong(f"{name}: an object of texts is needed")
    for key, item in value.items():
        if not isinstance(key, str) or not key or "=" in key or not _plain(key) or not isinstance(item, str) or not _plain(item):
            raise FieldWrong(f"{name}: names without = and texts are needed")
    return value


def nested(fields: Fields, name: str) -> Fields:
    """Return the object in the field; absent is empty."""
    value = fields.get(name, {})
    if not isinstance(value, dict):
        raise FieldWrong(f"{name}: an object is needed")
    return value


def decoded(fields: Fields, name: str) -> bytes:
    """Return the bytes of a base64 text."""
    return from_base64(text(fields, name, ""), name)


def from_base64(value: str, name: str) -> bytes:
    """Return the bytes that a base64 text stands for."""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FieldWrong(f"{name}: base64 is needed") from error


def _plain(value: str) -> bool:
    if "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)
