"""Closures of the macros: their parts run once for each item of a list or key of an object, each time for steps of the budget.

Called by `lower`. Source: the CEL language definition, "Macros"; keys come in the order of their characters, so that the same data
give the same result however they were stored.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from attune_core.expressions.errors import ExpressionFailed, ExpressionTooCostly
from attune_core.expressions.runtime.frame import Frame, Operand, Run
from attune_core.expressions.runtime.logic import not_bool
from attune_core.expressions.runtime.value import NOTHING, Maybe, Value, kind_of

#: Makes a macro's closure from its name, the operand, its parts, and the place of its variable among those that are bound.
Make: TypeAlias = Callable[[str, Operand, tuple[Operand, ...], int], Run]


def _items(name: str, frame: Frame, value: Value) -> list[Value]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        frame.charge(len(value))
        return [*sorted(value)]
    raise ExpressionFailed(f"{name}() goes through a list or the keys of an object, not {kind_of(value)}")


def _bind(frame: Frame, slot: int) -> list[Value]:
    """Make room for a variable inside those of the macros around it; what macros before left there is taken off."""
    if slot == 0:
        frame.bound = [None]
    else:
        del frame.bound[slot:]
        frame.bound.append(None)
    return frame.bound


def _quantifier(name: str, operand: Operand, parts: tuple[Operand, ...], slot: int) -> Run:
    """Return the closure of `all` (decided by the first false) or `exists` (by the first true), which absorb errors as && and || do."""
    before, test, steps, decides = operand.run, parts[0].run, parts[0].cost + 1, name == "exists"

    def run(frame: Frame) -> bool:
        items = _items(name, frame, before(frame))
        bound = _bind(frame, slot)
        failure: ExpressionFailed | None = None
        try:
            for item in items:
                frame.charge(steps)
                bound[slot] = item
                try:
                    value = test(frame)
                except ExpressionFailed as error:
                    if isinstance(error, ExpressionTooCostly):
                        raise
                    failure = failure or error
                    continue
                if value is decides:
                    return decides
                if type(value) is not bool:
                    failure = failure or not_bool(f"{name}()", parts[0], value)
            if failure is not None:
                raise failure
            return not decides
        finally:
            #: A failure holds this frame through its traceback; without this the two would wait for the garbage collector.
            failure = None

    return run


def _exists_one(name: str, operand: Operand, parts: tuple[Operand, ...], slot: int) -> Run:
    """Return the closure of `exists_one`, which looks at every item because an error in any of them is one of the whole."""
    chosen = _filter(name, operand, parts, slot)

    def run(frame: Frame) -> bool:
        found = chosen(frame)
        return isinstance(found, list) and len(found) == 1

    return run


def _filter(name: str, operand: Operand, parts: tuple[Operand, ...], slot: int) -> Run:
    before, holds, steps = operand.run, _test(name, parts[0]), parts[0].cost + 1

    def run(frame: Frame) -> Value:
        items = _items(name, frame, before(frame))
        bound = _bind(frame, slot)
        found: list[Value] = []
        for item in items:
            frame.charge(steps)
            bound[slot] = item
            if holds(frame):
                found.append(item)
        return found

    return run


def _test(name: str, part: Operand) -> Callable[[Frame], bool]:
    evaluate = part.run

    def holds(frame: Frame) -> bool:
        value = evaluate(frame)
        if type(value) is bool:
            return value
        raise not_bool(f"{name}()", part, value)

    return holds


def _map(name: str, operand: Operand, parts: tuple[Operand, ...], slot: int) -> Run:
    before, make, steps = operand.run, parts[-1].run, sum(part.cost for part in parts) + 1
    holds = _test(name, parts[0]) if len(parts) > 1 else None

    def run(frame: Frame) -> Value:
        items = _items(name, frame, before(frame))
        bound = _bind(frame, slot)
        found: list[Value] = []
        for item in items:
            frame.charge(steps)
            bound[slot] = item
            if holds is None or holds(frame):
                found.append(make(frame))
        return found

    return run


def _optional(name: str, operand: Operand, parts: tuple[Operand, ...], slot: int) -> Run:
    """Return the closure of `optMap`, or of `optFlatMap` whose part gives an optional value itself."""
    before, make, flat = operand.run, parts[0].run, name == "optFlatMap"

    def run(frame: Frame) -> Value:
        value = before(frame)
        if not isinstance(value, Maybe):
            raise ExpressionFailed(f"{name}() takes an optional value, not {kind_of(value)}")
        if not value.there:
            return NOTHING
        _bind(frame, slot)[slot] = value.value
        return make(frame) if flat else Maybe(make(frame))

    return run


MACROS: Mapping[str, Make] = {
    "all": _quantifier,
    "exists": _quantifier,
    "exists_one": _exists_one,
    "filter": _filter,
    "map": _map,
    "optMap": _optional,
    "optFlatMap": _optional,
}


def bound(slot: int) -> Run:
    """Return the closure of a macro's variable."""
    return lambda frame: frame.bound[slot]
