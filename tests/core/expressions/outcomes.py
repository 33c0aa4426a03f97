"""What an expression comes to, here and in Google's own CEL: refused before it runs, failed, or a value as it leaves an expression.

Used by the differential test. cel-expr-python returns errors as values, and an error value is truthy: types are compared, not truth.
It shows an optional as an error too, and ends the process over one inside a map, and over thousands of nulls: containers are opened here.
"""

import base64
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, cast

from cel_expr_python import cel
from cel_expr_python.ext.ext_optional import ExtOptional
from cel_expr_python.ext.ext_strings import ExtStrings

from attune_core.expressions.check import Scope, check
from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.types import BOOL, DOUBLE, DYN, INT, NULL, STRING, List, Map, Type
from attune_core.problems import Severity
from attune_core.values import JsonValue
from tests.core.expressions.grammar import VARIABLES

_MICROSECOND = timedelta(microseconds=1)
_THEIRS: Mapping[str, cel.Type] = {
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "string": cel.Type.STRING,
    "bool": cel.Type.BOOL,
    "null": cel.Type.NULL,
    "dyn": cel.Type.DYN,
    "list(int)": cel.Type.List(cel.Type.INT),
    "list(string)": cel.Type.List(cel.Type.STRING),
    "map(int)": cel.Type.Map(cel.Type.STRING, cel.Type.INT),
    "map(dyn)": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
}
_OURS: Mapping[str, Type] = {
    "int": INT,
    "double": DOUBLE,
    "string": STRING,
    "bool": BOOL,
    "null": NULL,
    "dyn": DYN,
    "list(int)": List(INT),
    "list(string)": List(STRING),
    "map(int)": Map(INT),
    "map(dyn)": Map(DYN),
}
_ENVIRONMENT = cel.NewEnv(variables={name: _THEIRS[kind] for name, kind in VARIABLES.items()}, extensions=[ExtStrings(), ExtOptional()])
_SCOPE = Scope({name: _OURS[kind] for name, kind in VARIABLES.items()})
#: CEL's Python hands over microseconds of what has nanoseconds.
_NANOSECONDS = re.compile(r"(\.\d{6})\d{1,3}([Zs])\Z")
_ZEROS = re.compile(r"\.(\d*?)0+([Zs])\Z")
_INVALID = re.compile(r"INVALID_ARGUMENT: ERROR: <input>:\d+:\d+: (.*)")


@dataclass(frozen=True)
class Refused:
    """A checker does not let the expression run. `codes` and `places` are those of our findings."""

    message: str
    codes: frozenset[str] = field(default=frozenset())
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failed:
    """An evaluation failed; how it is said differs."""

    message: str


@dataclass(frozen=True)
class Gives:
    """A value, as it leaves an expression."""

    value: JsonValue


Outcome: TypeAlias = Refused | Failed | Gives


def theirs(source: str, activation: Mapping[str, JsonValue], *, checked: bool = True) -> Outcome:
    """Return what CEL's C++ implementation makes of an expression; unless `checked`, without asking its checker."""
    try:
        expression = _ENVIRONMENT.compile(source, disable_check=not checked)
    except RuntimeError as error:
        found = _INVALID.match(str(error))
        return Refused(found[1] if found else str(error))
    try:
        return Gives(_leaving(expression.eval(data=activation)))
    except RuntimeError as error:
        #: Duplicate keys come as exceptions of the evaluation.
        return Failed(str(error))


def _leaving(value: cel.Value) -> JsonValue:
    """Return a value as JSON, raising the error that it is; containers are opened before `plain_value` sees what they hold."""
    kind = value.type()
    if kind == cel.Type.NULL:
        return None
    if kind == cel.Type.LIST:
        return [_leaving(item) for item in cast("list[cel.Value]", value.value())]
    if kind == cel.Type.MAP:
        return {_key(key): _leaving(item) for key, item in cast("dict[object, cel.Value]", value.value()).items()}
    try:
        plain = value.plain_value()
    except TypeError as error:
        raise RuntimeError("an optional, or an error that is no text") from error
    if kind == cel.Type.ERROR:
        raise RuntimeError(str(plain))
    return _scalar(plain)


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise RuntimeError(f"the map key {key} is no string")
    return key


def _scalar(value: object) -> JsonValue:
    if isinstance(value, datetime):
        text = value.astimezone(UTC).replace(tzinfo=None).isoformat()
        return (text.rstrip("0") if "." in text else text) + "Z"
    if isinstance(value, timedelta):
        size = abs(value) // _MICROSECOND
        fraction = f".{size % 1_000_000:06}".rstrip("0").rstrip(".")
        return f"{'-' if value < timedelta(0) else ''}{size // 1_000_000}{fraction}s"
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, bool | int | float | str):
        return value
    raise AssertionError(f"CEL gave {value!r}")


def ours(source: str, activation: Mapping[str, JsonValue]) -> Outcome:
    """Return what our language makes of an expression."""
    checked = check(source, _SCOPE, None)
    if checked.program is None:
        errors = [one for one in checked.findings if one.severity is Severity.ERROR]
        return Refused(
            "; ".join(one.message for one in errors),
            frozenset(one.code for one in errors),
            tuple(source[one.start : one.end] for one in errors),
        )
    try:
        return Gives(checked.program.evaluate(activation))
    except ExpressionFailed as failure:
        return Failed(failure.message)


def alike(one: Outcome, other: Outcome) -> bool:
    """Tell whether two outcomes are the same: both refused, both failed, or values of one type that are equal."""
    if isinstance(one, Gives) and isinstance(other, Gives):
        return _same(one.value, other.value)
    return type(one) is type(other)


def trimmed(outcome: Outcome) -> Outcome:
    """Return an outcome whose texts have no zeros at the end of the fraction of a second."""
    return Gives(_trimmed(outcome.value)) if isinstance(outcome, Gives) else outcome


def _trimmed(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_trimmed(item) for item in value]
    if isinstance(value, dict):
        return {key: _trimmed(item) for key, item in value.items()}
    return without_zeros(value) if isinstance(value, str) else value


def _same(one: JsonValue, other: JsonValue) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, float) and isinstance(other, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    if isinstance(one, str) and isinstance(other, str):
        return one == other or without_zeros(_NANOSECONDS.sub(r"\1\2", one)) == other
    return type(one) is type(other) and one == other


def without_zeros(text: str) -> str:
    """Return the text of a moment or span without zeros at the end of its fraction."""
    return _ZEROS.sub(lambda found: (f".{found[1]}" if found[1] else "") + found[2], text)
