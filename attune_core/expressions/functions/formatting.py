"""`format`: a text with the values of a list in the places of its clauses.

Collected in `table`. A constant text is checked once. Source: cel-go's string extension as Google's C++ implementation has it.
"""

import math
import re

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.functions.conversions import scalar_text
from attune_core.expressions.functions.function import Function, Given, Overload, several
from attune_core.expressions.runtime.frame import Frame, Operand, Run
from attune_core.expressions.runtime.value import Value, kind_of
from attune_core.expressions.types import LIST, STRING

_CLAUSE = re.compile(r"%(?:(%)|(?:\.([0-9]{1,4}))?([sdfeboxX]))?")
_MOST_DIGITS = 1_000
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def _format(frame: Frame, given: Given) -> str:
    pattern, values = given.text(0), given.items(1)
    frame.charge_text(len(pattern))
    pieces: list[str] = []
    place = used = size = 0
    for clause in _CLAUSE.finditer(pattern):
        pieces.append(pattern[place : clause.start()])
        place = clause.end()
        if clause[1]:
            pieces.append("%")
            continue
        _refuse_clause(clause)
        if used >= len(values):
            raise ExpressionFailed(f"there is no value number {used + 1} for {clause[0]}")
        pieces.append(_written(frame, clause[3], clause[2], values[used]))
        used += 1
        size += len(pieces[-1])
        frame.charge_text(size, len(pieces[-1]))
    pieces.append(pattern[place:])
    frame.charge_text(sum(map(len, pieces)))
    return "".join(pieces)


def _refuse_clause(clause: re.Match[str]) -> None:
    if clause[3] is None:
        raise ExpressionFailed(f"the % at character {clause.start()} is no clause of format(): %s %d %f %e %b %o %x %X, and %% for one %")
    if clause[2] and int(clause[2]) > _MOST_DIGITS:
        raise ExpressionFailed(f"{clause[0]} asks for more than {_MOST_DIGITS} digits")


def _written(frame: Frame, kind: str, digits: str | None, value: Value) -> str:
    match kind:
        case "s":
            return _text(frame, value)
        case "d" if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        case "d" if isinstance(value, float):
            return _double(value, "f", 6)
        case "f" | "e":
            return _double(_number(value), kind, 6 if digits is None else int(digits))
        case "b" | "o" | "x" | "X" if isinstance(value, int) and (kind == "b" or not isinstance(value, bool)):
            return format(int(value), kind)
        case "x" | "X" if isinstance(value, str | bytes):
            frame.charge_text(2 * len(value))
            octets = (value.encode() if isinstance(value, str) else value).hex()
            return octets.upper() if kind == "X" else octets
        case _:
            raise ExpressionFailed(f"%{kind} does not take {kind_of(value)}")


def _number(value: Value) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value in _NOT_FINITE:
        return _NOT_FINITE[value]
    raise ExpressionFailed(f"%f and %e take numbers, not {kind_of(value)}")


def _double(value: float, kind: str, digits: int) -> str:
    return format(value, f".{digits}{kind}") if math.isfinite(value) else _not_finite(value)


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _text(frame: Frame, value: Value) -> str:
    """Return what `%s` writes: a list as `[1, a]`, an object as `{a: 1}` with its keys in order."""
    frame.charge(1)
    if value is None:
        return "null"
    if isinstance(value, float) and not math.isfinite(value):
        return _not_finite(value)
    if isinstance(value, list):
        found = f"[{', '.join([_text(frame, item) for item in value])}]"
    elif isinstance(value, dict):
        found = "{" + ", ".join([f"{key}: {_text(frame, value[key])}" for key in sorted(value)]) + "}"
    else:
        text = scalar_text(value)
        if text is None:
            raise ExpressionFailed(f"%s does not take {kind_of(value)}")
        found = text
    frame.charge_text(len(found))
    return found


_general = several("format", _format)


def _build(arguments: tuple[Operand, ...]) -> Run:
    pattern = arguments[0]
    if pattern.constant and isinstance(pattern.value, str):
        for clause in _CLAUSE.finditer(pattern.value):
            if not clause[1]:
                _refuse_clause(clause)
    return _general(arguments)


FORMAT = Function((Overload((STRING, LIST), STRING),), _build, 'write "unit %s failed %d times".format([unit, count])', method=True)
