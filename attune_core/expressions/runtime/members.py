"""Closures for variables, `a.b`, `a[i]`, `a.?b`, `a[?i]` and `has(a.b)`; a way that starts at a variable is one closure however long it is.

Called by `lower`.
"""

from collections.abc import Mapping

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.runtime.frame import Frame, Operand, Run, Spot
from attune_core.expressions.runtime.value import NOTHING, Maybe, Value, kind_of
from attune_core.values import JsonValue

#: What CEL takes for a key; JSON has only strings, so the others are never found.
KEYS = (str, int, float, bool)
_LONGEST_KEY = 40


def way(keys: tuple[str, ...], spot: Spot) -> Run:
    """Return the closure that follows keys from the variables on; most ways are `event.data.field`, which has a shorter closure."""
    if len(keys) == 3:
        return _way_of_three(keys, spot)

    def run(frame: Frame) -> Value:
        value: Value = frame.variables  # type: ignore[assignment]  # a Mapping is read here like any object
        try:
            for key in keys:
                value = value[key]  # type: ignore[index,call-overload]  # what is no object raises, and is explained below
        except (KeyError, TypeError) as error:
            raise _lost(frame.variables, keys, spot.text()).at(spot.start, spot.end, None) from error
        return value

    return run


def _way_of_three(keys: tuple[str, ...], spot: Spot) -> Run:
    first, second, third = keys

    def run(frame: Frame) -> Value:
        try:
            return frame.variables[first][second][third]  # type: ignore[index,call-overload,return-value]  # what is no object raises, as in `way`
        except (KeyError, TypeError) as error:
            raise _lost(frame.variables, keys, spot.text()).at(spot.start, spot.end, None) from error

    return run


def _lost(variables: Mapping[str, JsonValue], keys: tuple[str, ...], text: str) -> ExpressionFailed:
    """Make the failure of a way by walking it again."""
    if keys[0] not in variables:
        return ExpressionFailed(f"there is no variable '{keys[0]}'")
    value: Value | JsonValue = variables[keys[0]]
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

    def run(frame: Frame) -> Value:
        value = before(frame)
        if isinstance(value, dict):
            if key not in value:
                raise no_key(key)
            return value[key]
        if isinstance(value, Maybe):
            return _inside(value, key)
        raise ExpressionFailed(f"{kind_of(value)} has no field '{key}'")

    return run


def optional_select(operand: Operand, key: str) -> Run:
    """Return the closure of `a.?b`."""
    before = operand.run

    def run(frame: Frame) -> Maybe:
        value = before(frame)
        return _inside(value if isinstance(value, Maybe) else Maybe(value), key)

    return run


def optional_index(operand: Operand, key: Operand) -> Run:
    """Return the closure of `a[?i]`."""
    before, which = operand.run, key.run

    def run(frame: Frame) -> Maybe:
        value, place = before(frame), which(frame)
        return _inside(value if isinstance(value, Maybe) else Maybe(value), place)

    return run


def _inside(outer: Maybe, key: Value) -> Maybe:
    """Return what an optional value has at a key or place, none if it is not there; fail where nothing could be."""
    value = outer.value
    if not outer.there:
        return NOTHING
    if isinstance(value, dict):
        return Maybe(value[key]) if isinstance(key, str) and key in value else NOTHING
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        return Maybe(value[key]) if 0 <= key < len(value) else NOTHING
    raise ExpressionFailed(f"no such overload: {kind_of(value)}[?{kind_of(key)}]")


def has(operand: Operand, key: str) -> Run:
    """Return the closure that tells whether an object has a key, be its value null or not."""
    before = operand.run

    def run(frame: Frame) -> bool:
        value = before(frame)
        if isinstance(value, dict):
            return key in value
        if isinstance(value, Maybe):
            return _inside(value, key).there
        raise ExpressionFailed(f"{kind_of(value)} has no field '{key}'")

    return run


def index(operand: Operand, key: Operand) -> Run:
    """Return the closure of `a[i]`: lists by a whole number from 0, objects by a string."""
    before, which = operand.run, key.run

    def run(frame: Frame) -> Value:
        value, place = before(frame), which(frame)
        if isinstance(value, list):
            return _item(value, place)
        if isinstance(value, dict) and isinstance(place, str):
            if place not in value:
                raise no_key(place)
            return value[place]
        if isinstance(value, Maybe):
            return _inside(value, place)
        raise ExpressionFailed(f"no such overload: {kind_of(value)}[{kind_of(place)}]")

    return run


def _item(items: list[Value], key: Value) -> Value:
    place = _place(key)
    if not 0 <= place < len(items):
        raise ExpressionFailed(f"index {place} is outside a list of {len(items)}")
    return items[place]


def _place(key: Value) -> int:
    if isinstance(key, float) and key.is_integer():
        return int(key)
    if not isinstance(key, int) or isinstance(key, bool):
        raise ExpressionFailed(f"no such overload: list[{kind_of(key)}]")
    return key
