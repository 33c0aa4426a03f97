"""Closures for variables, `a.b`, `a[i]` and `has(a.b)`; a way that starts at a variable is one closure however long it is.

Called by `lower`.
"""

from collections.abc import Mapping

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.runtime.frame import Frame, Operand, Run, Spot, kind_of
from attune_core.values import JsonValue

_LONGEST_KEY = 40


def way(keys: tuple[str, ...], spot: Spot) -> Run:
    """Return the closure that follows keys from the variables on."""

    def run(frame: Frame) -> JsonValue:
        value: JsonValue = frame.variables  # type: ignore[assignment]  # a Mapping is read here like any object
        try:
            for key in keys:
                value = value[key]  # type: ignore[index,call-overload]  # what is no object raises, and is explained below
        except (KeyError, TypeError) as error:
            raise _lost(frame.variables, keys, spot.text()).at(spot.start, spot.end, None) from error
        return value

    return run


def _lost(variables: Mapping[str, JsonValue], keys: tuple[str, ...], text: str) -> ExpressionFailed:
    """Make the failure of a way by walking it again."""
    if keys[0] not in variables:
        return ExpressionFailed(f"there is no variable '{keys[0]}'")
    value = variables[keys[0]]
    for place, key in enumerate(keys[1:], 1):
        if not isinstance(value, dict):
            return ExpressionFailed(f"{'.'.join(keys[:place])} is {kind_of(value)} and has no field '{key}'")
        if key not in value:
            return ExpressionFailed(f"{no_key(key).message} at {text}")
        value = value[key]
    return ExpressionFailed(f"a value changed while {text} was read")


def no_key(key: str) -> ExpressionFailed:
    """Make the failure of a missing key."""
    shown = key if len(key) <= _LONGEST_KEY else key[: _LONGEST_KEY - 3] + "..."
    return ExpressionFailed(f"no such key '{shown}'")


def select(operand: Operand, key: str) -> Run:
    """Return the closure that reads a key of any value."""
    before = operand.run

    def run(frame: Frame) -> JsonValue:
        value = before(frame)
        if not isinstance(value, dict):
            raise ExpressionFailed(f"{kind_of(value)} has no field '{key}'")
        if key not in value:
            raise no_key(key)
        return value[key]

    return run


def has(operand: Operand, key: str) -> Run:
    """Return the closure that tells whether an object has a key, be its value null or not."""
    before = operand.run

    def run(frame: Frame) -> bool:
        value = before(frame)
        if isinstance(value, dict):
            return key in value
        raise ExpressionFailed(f"{kind_of(value)} has no field '{key}'")

    return run


def index(operand: Operand, key: Operand) -> Run:
    """Return the closure of `a[i]`: lists by a whole number from 0, objects by a string."""
    before, which = operand.run, key.run

    def run(frame: Frame) -> JsonValue:
        value, place = before(frame), which(frame)
        if isinstance(value, list):
            return _item(value, place)
        if isinstance(value, dict) and isinstance(place, str):
            if place not in value:
                raise no_key(place)
            return value[place]
        raise ExpressionFailed(f"no such overload: {kind_of(value)}[{kind_of(place)}]")

    return run


def _item(items: list[JsonValue], place: JsonValue) -> JsonValue:
    if isinstance(place, float) and place.is_integer():
        place = int(place)
    if not isinstance(place, int) or isinstance(place, bool):
        raise ExpressionFailed(f"no such overload: list[{kind_of(place)}]")
    if not 0 <= place < len(items):
        raise ExpressionFailed(f"index {place} is outside a list of {len(items)}")
    return items[place]
