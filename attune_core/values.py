"""Plain JSON values: their type, their one canonical text, and the strict door through which foreign JSON enters.

Called by everything that reads JSON from outside (webhooks, API, wire, results); nothing behind the door checks again.
"""

import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import TypeAlias

from attune_core.errors import AttuneError, Blame

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None
JsonObject: TypeAlias = dict[str, JsonValue]

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

#: Made once: `json.dumps` would make one for each value.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

#: What stands in the place of a secret.
MASK = "***"


@dataclass(frozen=True, kw_only=True)
class JsonLimits:
    """Bounds of one document; reliability.md §1.5."""

    size: int = 1 << 20
    depth: int = 64
    keys: int = 10_000
    string: int = 256 << 10


class JsonRefused(AttuneError):
    """The document is not the strict JSON that Attune takes from outside."""

    code, blame = "ATT400", Blame.AUTHOR
    remedy = "send one JSON document in UTF-8: unique keys, finite numbers within int64, no lone surrogates, within the bounds"


def canonical_json(value: JsonValue) -> str:
    """Return the one text of a value: sorted keys, no white space; queue keys and digests are made of it."""
    return _CANONICAL.encode(value)


def digest_of(value: JsonValue) -> str:
    """Return the sha256 (hex) over a value's canonical text."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def parse_json(raw: bytes, limits: JsonLimits | None = None) -> JsonValue:
    """Read one JSON document from outside; `JsonRefused` says which bound or rule it breaks (RFC 8259, I-JSON RFC 7493)."""
    bounds = limits or JsonLimits()
    if len(raw) > bounds.size:
        raise JsonRefused(f"the document has {len(raw)} bytes, more than {bounds.size}")
    _refuse_depth(raw, bounds.depth)
    try:
        value: JsonValue = _STRICT.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise JsonRefused(f"not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise JsonRefused(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    if not _is_small(raw, bounds):
        _refuse_excess(value, bounds)
    return value


def _is_small(raw: bytes, bounds: JsonLimits) -> bool:
    """Tell from its bytes that no string of a document is too long or odd, and that there are not too many keys and items.

    Each container has one more of these than commas, and NUL and surrogates come by escapes alone. Most documents are so, and looking
    into them would cost as much as parsing them.
    """
    if len(raw) > bounds.string or (b"\\" in raw and b"\\u" in raw):  # one byte is found in a twentieth of the time of two
        return False
    # Each key and each item has a byte of its own besides the one that parts it from the next, so a short text needs no counting.
    return len(raw) <= bounds.keys or raw.count(b",") + raw.count(b"[") + raw.count(b"{") <= bounds.keys


def _refuse_depth(raw: bytes, limit: int) -> None:
    """Count brackets outside strings before the recursive parser sees them."""
    if raw.count(b"[") + raw.count(b"{") <= limit:
        return
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", raw)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > limit:
            raise JsonRefused(f"nested deeper than {limit}")


def _unique_keys(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise JsonRefused(f"the key {key!r} stands twice in one object")
            seen.add(key)
    return found


def _int64(text: str) -> int:
    if len(text) > 20 or not INT64_MIN <= (number := int(text)) <= INT64_MAX:
        raise JsonRefused(f"the integer {text[:24]} is outside int64")
    return number


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise JsonRefused(f"the number {text[:24]} is not finite as a double")
    return number


def _no_constant(text: str) -> float:
    raise JsonRefused(f"{text} is not JSON")


#: Made once: `json.loads` would make one for each document.
_STRICT = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_int=_int64, parse_float=_finite, parse_constant=_no_constant)


def _refuse_excess(value: JsonValue, bounds: JsonLimits) -> None:
    keys, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            keys += len(item)
            for key in item:
                _refuse_text(key, bounds)
            waiting.extend(item.values())
        elif isinstance(item, list):
            keys += len(item)
            waiting.extend(item)
        elif isinstance(item, str):
            _refuse_text(item, bounds)
        if keys > bounds.keys:
            raise JsonRefused(f"more than {bounds.keys} keys and items")


def _refuse_text(text: str, bounds: JsonLimits) -> None:
    if len(text) > bounds.string:
        raise JsonRefused(f"a string has {len(text)} characters, more than {bounds.string}")
    if text.isascii():
        if "\0" in text:
            raise JsonRefused("a string holds the character U+0000")
        return
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise JsonRefused("a string holds U+0000 or a lone surrogate")
