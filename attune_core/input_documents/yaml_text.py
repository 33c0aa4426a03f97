"""An Input as YAML that readers of YAML 1.1 and of 1.2 read alike: a line for each parameter, its value as JSON would write it.

Every text and key is quoted, so that `yes`, `0755`, `1e3`, `12:30` and `null` stay text; what cannot be seen is escaped.
Called by `writing`.
"""

import json

from attune_core.values import JsonObject, JsonValue

_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
#: A key that is longer, with its quotes, needs `?` before it: a reader looks only 1,024 characters ahead for its colon.
_SIMPLE_KEY = 1_000


def yaml_text(values: JsonObject) -> str:
    """Return the document."""
    return "".join(f"{_pair(name, value)}\n" for name, value in values.items()) or "{}\n"


def _pair(key: str, value: JsonValue) -> str:
    written = quoted(key)
    return f"? {written} : {_flow(value)}" if len(written) > _SIMPLE_KEY else f"{written}: {_flow(value)}"


def _flow(value: JsonValue) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ", ".join(_pair(key, one) for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    return _double(value) if isinstance(value, float) else json.dumps(value)


def _double(number: float) -> str:
    """Return a double with a point: to YAML 1.1 `1e+16` is text and `1.0e+16` a number."""
    mantissa, exponent, power = json.dumps(number, allow_nan=False).partition("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}{exponent}{power}"


def quoted(text: str) -> str:
    """Return a text between double quotes."""
    if not text.isprintable() or '"' in text or "\\" in text:
        text = "".join(one if one.isprintable() and one not in _SHORT else _escape(one) for one in text)
    return f'"{text}"'


def _escape(character: str) -> str:
    return _SHORT.get(character) or (f"\\u{ord(character):04x}" if character <= "\uffff" else f"\\U{ord(character):08x}")
