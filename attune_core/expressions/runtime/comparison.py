"""Equality, order and membership of values: numbers are equal across types, a bool is no number.

Called by `lower`. Source: the CEL language definition, "Equality" and "Numeric comparison"; int and double are compared exactly.
"""

import operator as python
from collections.abc import Callable, Mapping

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.runtime.frame import PER_STEP, Frame, Operand, Run
from attune_core.expressions.runtime.members import KEYS
from attune_core.expressions.runtime.moments import Moment, Span
from attune_core.expressions.runtime.value import Maybe, Value, kind_of

_ORDERS: Mapping[str, Callable[[Value, Value], bool]] = {"<": python.lt, "<=": python.le, ">": python.gt, ">=": python.ge}  # type: ignore[dict-item]  # called with what has an order
#: What is ordered among its own kind; numbers have an order across kinds.
_ORDERED = frozenset({str, bytes, Moment, Span})
#: A tuple, because `int | float` would be built anew at every evaluation.
_NUMBERS = (int, float)
_SCALARS = (str, int, float, bool, type(None))


def equality(left: Operand, right: Operand, *, negated: bool) -> Run:
    """Return the closure of `a == b` or `a != b`; equality never fails."""
    if left.constant and not right.constant:
        left, right = right, left
    first, second = left.run, right.run
    if right.constant and (right.value is None or isinstance(right.value, str)):
        #: Python's own equality is CEL's where one side is a string or null.
        value = right.value
        return (lambda frame: first(frame) != value) if negated else (lambda frame: first(frame) == value)
    if negated:
        return lambda frame: not equal(frame, first(frame), second(frame))
    return lambda frame: equal(frame, first(frame), second(frame))


def equal(frame: Frame, one: Value, other: Value) -> bool:
    """Tell whether two values are equal."""
    kind = type(one)
    if kind is type(other):
        if isinstance(one, list) and isinstance(other, list):
            return len(one) == len(other) and _all_equal(frame, one, other)
        if isinstance(one, dict) and isinstance(other, dict):
            return len(one) == len(other) and _same_members(frame, one, other)
        if isinstance(one, str | bytes):
            frame.charge(len(one) // PER_STEP)
        elif isinstance(one, Maybe) and isinstance(other, Maybe):
            return one.there is other.there and equal(frame, one.value, other.value)
        return one == other
    return (kind is int or kind is float) and (type(other) is int or type(other) is float) and one == other


def _same_members(frame: Frame, some: dict[str, Value], others: dict[str, Value]) -> bool:
    frame.charge(len(some))
    return some.keys() == others.keys() and _all_equal(frame, list(some.values()), [others[key] for key in some])


def _all_equal(frame: Frame, some: list[Value], others: list[Value]) -> bool:
    frame.charge(len(some))
    return all(equal(frame, one, other) for one, other in zip(some, others, strict=True))


def order(operator: str, left: Operand, right: Operand) -> Run:
    """Return the closure of `a < b` and its kin: numbers, strings by code point, bytes, moments, spans, and false before true."""
    first, second, holds, kinds = left.run, right.run, _ORDERS[operator], _ORDERED
    if right.constant and type(right.value) in {int, float}:
        return _beside_number(operator, left, right.value)

    def run(frame: Frame) -> bool:
        one, other = first(frame), second(frame)
        if isinstance(one, _NUMBERS) and isinstance(other, _NUMBERS):
            if isinstance(one, bool) is isinstance(other, bool):
                return holds(one, other)
        elif type(one) is type(other) and type(one) in kinds:
            if isinstance(one, str | bytes) and isinstance(other, str | bytes):
                frame.charge(min(len(one), len(other)) // PER_STEP)
            return holds(one, other)
        raise ExpressionFailed(f"no such overload: {kind_of(one)} {operator} {kind_of(other)}")

    return run


def _beside_number(operator: str, left: Operand, number: Value) -> Run:
    first, holds = left.run, _ORDERS[operator]

    def run(frame: Frame) -> bool:
        one = first(frame)
        kind = type(one)
        if kind is int or kind is float:
            return holds(one, number)
        raise ExpressionFailed(f"no such overload: {kind_of(one)} {operator} {kind_of(number)}")

    return run


def membership(left: Operand, right: Operand) -> Run:
    """Return the closure of `a in b` for lists and the keys of objects."""
    if right.constant and isinstance(right.value, list) and all(isinstance(item, str) for item in right.value):
        return _one_of_texts(left.run, frozenset(item for item in right.value if isinstance(item, str)))
    if right.constant and isinstance(right.value, list) and all(isinstance(item, _SCALARS) for item in right.value):
        return _one_of_scalars(left.run, frozenset((type(item) is bool, item) for item in right.value))
    first, second = left.run, right.run

    def run(frame: Frame) -> bool:
        item, container = first(frame), second(frame)
        if isinstance(container, list):
            frame.charge(len(container))
            return any(equal(frame, item, one) for one in container)
        if isinstance(container, dict) and isinstance(item, KEYS):
            return isinstance(item, str) and item in container
        raise ExpressionFailed(f"no such overload: {kind_of(item)} in {kind_of(container)}")

    return run


def _one_of_scalars(first: Run, scalars: frozenset[tuple[bool, Value]]) -> Run:
    def run(frame: Frame) -> bool:
        item = first(frame)
        return isinstance(item, _SCALARS) and (type(item) is bool, item) in scalars

    return run


def _one_of_texts(first: Run, texts: frozenset[str]) -> Run:
    def run(frame: Frame) -> bool:
        item = first(frame)
        return type(item) is str and item in texts

    return run
