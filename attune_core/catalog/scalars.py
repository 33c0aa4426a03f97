"""What a plain YAML scalar is: JSON's own literals, text, or something YAML versions disagree about, which is refused.

Called by `documents` for every unquoted value; quoted ones are always text.

JSON-compatible: `true`, `false`, `null`, integers and decimals as JSON writes them. `yes`, `no`, `on`, `off` and dates are text
(YAML 1.2). Refused with "quote it": what YAML 1.1, 1.2 and people read differently: `True`, `~`, `0777`, `0x1f`, `1_000`,
`12:30:45`, `1.10`, `.5`, `+1`, `.inf`. Why refuse: `version: 1.10` must not silently become 1.1.
"""

import re

from attune_core.values import INT64_MAX, INT64_MIN, JsonValue

#: Only a scalar that starts so can be anything but text.
_SUSPECT = frozenset("-+.0123456789~tTfFnN")
_LITERALS: dict[str, JsonValue] = {"true": True, "false": False, "null": None, "": None}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.(?P<fraction>[0-9]+))?(?:[eE][-+]?[0-9]+)?", re.ASCII)
_WORDS = {"~": "null", "Null": "null", "NULL": "null", "True": "true", "TRUE": "true", "False": "false", "FALSE": "false"}
_NUMBER_LIKE = re.compile(
    r"[-+]?(?:0[0-7_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[0-9][0-9_]*"
    r"|(?:[0-9][0-9_]*)?\.[0-9_]+(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*\.(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|0[0-9]+(?:\.[0-9]*)?"
    r"|\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))",
    re.ASCII,
)


class ScalarRefused(ValueError):
    """The text can be read in two ways, or is a number that JSON and the stores cannot keep; the message says which."""

    def __init__(self, message: str, hint: str, code: str = "ATT112") -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code


def read_plain(text: str) -> JsonValue:
    """Return the value of a plain scalar, or raise ScalarRefused."""
    if text in _LITERALS:
        return _LITERALS[text]
    if text[0] not in _SUSPECT:
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if found := _DECIMAL.fullmatch(text):
        return _decimal(text, found["fraction"] or "")
    if meant := _WORDS.get(text):
        raise ScalarRefused(f"{text!r} is read differently by different versions of YAML", f"write {meant}, or quote it: '{text}'")
    if _NUMBER_LIKE.fullmatch(text):
        raise ScalarRefused(
            f"{text!r} is a number to one version of YAML and text, or another number, to the next",
            f"quote it: '{text[:64]}'; or write a plain decimal number",
        )
    return text


def _integer(text: str) -> int:
    if len(text) > 20 or not INT64_MIN <= (number := int(text)) <= INT64_MAX:
        raise ScalarRefused(f"the integer {text[:24]} is outside int64", f"quote it if it is text: '{text[:64]}'", "ATT116")
    if text == "-0":
        raise ScalarRefused("'-0' is zero to one reader and minus zero to the next", "write 0, or quote it: '-0'")
    return number


def _decimal(text: str, fraction: str) -> float:
    if len(fraction) > 1 and fraction.endswith("0"):
        raise ScalarRefused(f"{text[:64]!r} would lose its last zero as a number", f"quote it if it is a version or text: '{text[:64]}'")
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ScalarRefused(f"the number {text[:24]} is not finite as a double", f"quote it if it is text: '{text[:64]}'", "ATT116")
    return number
