"""The bound of what an evaluation returns, and the refusal of numbers that JSON does not have.

Called by `Program.evaluate` on every result.
"""

import math

from attune_core.expressions.errors import ExpressionFailed, ExpressionTooCostly
from attune_core.expressions.runtime.frame import MAX_OUTPUT
from attune_core.values import JsonValue

#: JSON documents of Attune nest no deeper; reliability.md §1.5.
_MAX_DEPTH = 64


def bounded(value: JsonValue) -> JsonValue:
    """Return the value itself if it is JSON within the bounds, measured as about the length of its text."""
    kind = type(value)
    if kind is bool or kind is int or value is None:
        return value
    if isinstance(value, str) and len(value) <= MAX_OUTPUT:
        return value
    _measure(value)
    return value


def _measure(value: JsonValue) -> None:
    size, waiting = 0, [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        size += 3
        if isinstance(item, str):
            size += len(item)
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise ExpressionFailed("the result is not a finite number")
        elif isinstance(item, list | dict):
            size += 3 * len(item)
            if depth >= _MAX_DEPTH:
                raise ExpressionTooCostly(f"the result is nested deeper than {_MAX_DEPTH}")
            size += sum(map(len, item)) if isinstance(item, dict) else 0
            inner = item.values() if isinstance(item, dict) else item
            if size <= MAX_OUTPUT:
                waiting.extend((one, depth + 1) for one in inner)
        if size > MAX_OUTPUT:
            raise ExpressionTooCostly(f"the result is longer than {MAX_OUTPUT} characters")
