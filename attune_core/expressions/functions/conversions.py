"""Conversions between types: string, bytes, int, double, bool, and dyn, which only hides a type from the checker.

Collected in `table`; `double_text` is also how templates write doubles. Source: the CEL language definition, "Type conversions";
where it is silent, Google's C++ implementation.
"""

import math
import re

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.functions.function import Function, Given, Overload, no_overload, one, several
from attune_core.expressions.runtime.frame import Frame
from attune_core.expressions.runtime.moments import SECOND, Moment, Span
from attune_core.expressions.runtime.value import Value
from attune_core.expressions.types import BOOL, BYTES, DOUBLE, DURATION, DYN, INT, STRING, TIMESTAMP
from attune_core.values import INT64_MAX, INT64_MIN, JsonValue

_SPACE = " \t\n\r\f\v"
_INT = re.compile(r"[+-]?0*([0-9]{1,19})\Z")
_DOUBLE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?|inf|infinity|nan)\Z", re.IGNORECASE)
_TRUE, _FALSE = frozenset({"1", "t", "true", "TRUE", "True"}), frozenset({"0", "f", "false", "FALSE", "False"})
#: A longer text is no number that fits 64 bits.
_LONGEST_NUMBER = 512


def double_text(number: float) -> str:
    """Return the shortest text of a double as CEL writes it: `1`, `0.1`, from a million on `1.5e+06`."""
    if not math.isfinite(number):
        return str(number)
    shortest = repr(number)
    if "e" not in shortest and abs(number) >= 1e6:
        digits = shortest.lstrip("-").replace(".", "").strip("0")
        return f"{number:.{len(digits) - 1}e}"
    return shortest.removesuffix(".0")


def scalar_text(value: Value | JsonValue) -> str | None:
    """Return the text of a string, bool, number, moment or span, and of bytes that are UTF-8; None for what has none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Moment | Span):
        return str(value)
    if isinstance(value, bytes):
        return _decoded(value)
    return double_text(value) if isinstance(value, float) else None


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise ExpressionFailed(f"the bytes are not UTF-8 at byte {error.start}") from error


def _string(frame: Frame, given: Given) -> str:
    value = given.values[0]
    if isinstance(value, bytes):
        frame.charge_text(len(value))
    text = scalar_text(value)
    if text is None:
        raise given.refused()
    return text


def _bytes(frame: Frame, given: Given) -> bytes:
    value = given.values[0]
    if isinstance(value, bytes):
        return value
    text = given.text(0)
    frame.charge_text(len(text))
    return text.encode()


def _int(value: Value) -> int:
    if isinstance(value, Moment):
        return value.nanoseconds // SECOND
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise no_overload("int", value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        #: Both ends are excluded, as in CEL: the doubles nearest to them are not exact.
        if not float(INT64_MIN) < value < float(INT64_MAX):
            raise ExpressionFailed(f"{double_text(value)} is outside the 64-bit integers")
        return int(value)
    text = value.strip(_SPACE) if len(value) <= _LONGEST_NUMBER else ""
    if _INT.match(text) and INT64_MIN <= (number := int(text)) <= INT64_MAX:
        return number
    raise ExpressionFailed("the text is not a 64-bit integer")


def _double(value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise no_overload("double", value)
    if isinstance(value, str):
        text = value.strip(_SPACE) if len(value) <= _LONGEST_NUMBER else ""
        if not _DOUBLE.match(text):
            raise ExpressionFailed("the text is not a number")
        return float(text)
    return float(value)


def _bool(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise no_overload("bool", value)
    if value in _TRUE or value in _FALSE:
        return value in _TRUE
    raise ExpressionFailed("the text is neither true nor false")


def _dyn(value: Value) -> Value:
    return value


STRING_OF = Function(
    tuple(Overload((kind,), STRING) for kind in (STRING, INT, DOUBLE, BOOL, BYTES, TIMESTAMP, DURATION)),
    several("string", _string),
    "string() takes a bool, int, double, bytes, timestamp or duration",
    plain=True,
)
INT_OF = Function(
    tuple(Overload((kind,), INT) for kind in (INT, DOUBLE, STRING, TIMESTAMP)),
    one(_int),
    "int() takes a double, a string or a timestamp",
    plain=True,
)
BYTES_OF = Function(
    tuple(Overload((kind,), BYTES) for kind in (BYTES, STRING)), several("bytes", _bytes), "bytes() takes a string", plain=True
)
DOUBLE_OF = Function(
    tuple(Overload((kind,), DOUBLE) for kind in (DOUBLE, INT, STRING)), one(_double), "double() takes an int or a string", plain=True
)
BOOL_OF = Function((Overload((BOOL,), BOOL), Overload((STRING,), BOOL)), one(_bool), 'bool() takes a string: "true" or "false"', plain=True)
DYN_OF = Function((Overload((DYN,), DYN),), one(_dyn), "dyn() takes one value", plain=True)
