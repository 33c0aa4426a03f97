"""Conversions between types: string, int, double, bool, and dyn, which only hides a type from the checker.

Collected in `table`; `double_text` is also how templates write doubles. Source: the CEL language definition, "Type conversions";
where it is silent, Google's C++ implementation.
"""

import math
import re

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.functions.function import Function, Overload, no_overload, one
from attune_core.expressions.types import BOOL, DOUBLE, DYN, INT, STRING
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


def scalar_text(value: JsonValue) -> str | None:
    """Return the text of a string, bool or number; None for what has none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return double_text(value) if isinstance(value, float) else None


def _string(value: JsonValue) -> str:
    text = scalar_text(value)
    if text is None:
        raise no_overload("string", value)
    return text


def _int(value: JsonValue) -> int:
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


def _double(value: JsonValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise no_overload("double", value)
    if isinstance(value, str):
        text = value.strip(_SPACE) if len(value) <= _LONGEST_NUMBER else ""
        if not _DOUBLE.match(text):
            raise ExpressionFailed("the text is not a number")
        return float(text)
    return float(value)


def _bool(value: JsonValue) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise no_overload("bool", value)
    if value in _TRUE or value in _FALSE:
        return value in _TRUE
    raise ExpressionFailed("the text is neither true nor false")


def _dyn(value: JsonValue) -> JsonValue:
    return value


STRING_OF = Function(
    tuple(Overload((kind,), STRING) for kind in (STRING, INT, DOUBLE, BOOL)),
    one(_string),
    "string() takes a bool, int or double",
    plain=True,
)
INT_OF = Function(
    tuple(Overload((kind,), INT) for kind in (INT, DOUBLE, STRING)), one(_int), "int() takes a double or a string", plain=True
)
DOUBLE_OF = Function(
    tuple(Overload((kind,), DOUBLE) for kind in (DOUBLE, INT, STRING)), one(_double), "double() takes an int or a string", plain=True
)
BOOL_OF = Function((Overload((BOOL,), BOOL), Overload((STRING,), BOOL)), one(_bool), 'bool() takes a string: "true" or "false"', plain=True)
DYN_OF = Function((Overload((DYN,), DYN),), one(_dyn), "dyn() takes one value", plain=True)
