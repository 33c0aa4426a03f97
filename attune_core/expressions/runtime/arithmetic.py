"""Arithmetic on values: 64-bit integers whose overflow is an error, IEEE doubles, joining of strings, bytes and lists, moments and spans.

Called by `lower` for `+ - * / %` and `-a`. Source: the CEL language definition; integers divide towards zero.
"""

import math
from collections.abc import Callable, Mapping

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.runtime.frame import Frame, Operand, Run
from attune_core.expressions.runtime.moments import Moment, Span, moment, span
from attune_core.expressions.runtime.value import Value, kind_of
from attune_core.expressions.types import Double, Int, Type
from attune_core.values import INT64_MAX, INT64_MIN


def arithmetic(operator: str, left: Operand, right: Operand) -> Run:
    """Return the closure of `a operator b`."""
    first, second = numeric(left), numeric(right)
    if operator == "+":
        return lambda frame: _add(frame, first(frame), second(frame))
    ints, doubles = _INTS[operator], _DOUBLES.get(operator)

    def run(frame: Frame) -> Value:
        one, other = first(frame), second(frame)
        if type(one) is int and type(other) is int:
            return _int64(ints(one, other))
        if doubles is not None and type(one) is float and type(other) is float:
            return doubles(one, other)
        if operator == "-":
            return _time_between(one, other)
        raise _no_overload(operator, one, other)

    return run


def negation(operand: Operand) -> Run:
    """Return the closure of `-a`."""
    before = numeric(operand)

    def run(frame: Frame) -> Value:
        value = before(frame)
        if type(value) is int:
            return _int64(-value)
        if type(value) is float:
            return -value
        raise ExpressionFailed(f"no such overload: -{kind_of(value)}")

    return run


def _no_overload(operator: str, one: Value, other: Value) -> ExpressionFailed:
    return ExpressionFailed(f"no such overload: {kind_of(one)} {operator} {kind_of(other)}")


def numeric(operand: Operand) -> Run:
    """Give a number the type that its schema says: JSON writes the double 5.0 as 5, and may write the integer 5 as 5.0."""
    wanted: Type = operand.type
    before = operand.run
    if operand.constant or not isinstance(wanted, Int | Double):
        return before
    if isinstance(wanted, Double):

        def as_double(frame: Frame) -> Value:
            value = before(frame)
            return float(value) if type(value) is int else value

        return as_double

    def as_int(frame: Frame) -> Value:
        value = before(frame)
        return int(value) if type(value) is float and value.is_integer() else value

    return as_int


def _int64(number: int) -> int:
    if INT64_MIN <= number <= INT64_MAX:
        return number
    raise ExpressionFailed("the result is outside the 64-bit integers")


def _add(frame: Frame, one: Value, other: Value) -> Value:
    if type(one) is int and type(other) is int:
        return _int64(one + other)
    if isinstance(one, str) and isinstance(other, str):
        frame.charge_text(len(one) + len(other))
        return one + other
    if type(one) is float and type(other) is float:
        return one + other
    if isinstance(one, list) and isinstance(other, list):
        frame.charge(len(one) + len(other))
        return one + other
    if isinstance(one, bytes) and isinstance(other, bytes):
        frame.charge_text(len(one) + len(other))
        return one + other
    return _later(one, other)


def _later(one: Value, other: Value) -> Value:
    if isinstance(other, Span):
        if isinstance(one, Moment):
            return moment(one.nanoseconds + other.nanoseconds)
        if isinstance(one, Span):
            return span(one.nanoseconds + other.nanoseconds)
    if isinstance(one, Span) and isinstance(other, Moment):
        return moment(one.nanoseconds + other.nanoseconds)
    raise _no_overload("+", one, other)


def _time_between(one: Value, other: Value) -> Value:
    if isinstance(one, Moment):
        if isinstance(other, Moment):
            return span(one.nanoseconds - other.nanoseconds)
        if isinstance(other, Span):
            return moment(one.nanoseconds - other.nanoseconds)
    if isinstance(one, Span) and isinstance(other, Span):
        return span(one.nanoseconds - other.nanoseconds)
    raise _no_overload("-", one, other)


def _divided(one: int, other: int) -> int:
    if other == 0:
        raise ExpressionFailed("division by zero")
    size = abs(one) // abs(other)
    return size if (one < 0) == (other < 0) else -size


def _remainder(one: int, other: int) -> int:
    if other == 0:
        raise ExpressionFailed("remainder of a division by zero")
    if one == INT64_MIN and other == -1:
        #: The quotient overflows, and CEL makes the remainder fail with it.
        return INT64_MAX + 1
    size = abs(one) % abs(other)
    return -size if one < 0 else size


def _double_divided(one: float, other: float) -> float:
    if other != 0:
        return one / other
    if one == 0 or math.isnan(one):
        return math.nan
    return math.copysign(math.inf, one) * math.copysign(1.0, other)


_INTS: Mapping[str, Callable[[int, int], int]] = {"-": int.__sub__, "*": int.__mul__, "/": _divided, "%": _remainder}
_DOUBLES: Mapping[str, Callable[[float, float], float]] = {"-": float.__sub__, "*": float.__mul__, "/": _double_divided}
