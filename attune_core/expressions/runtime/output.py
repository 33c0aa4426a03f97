"""What leaves an expression: JSON within the bounds, with moments, spans and bytes as texts; an optional value never leaves.

Called by `Program.evaluate` on every result.
"""

import math
from base64 import b64encode

from attune_core.expressions.errors import ExpressionFailed, ExpressionTooCostly
from attune_core.expressions.runtime.frame import MAX_OUTPUT
from attune_core.expressions.runtime.moments import Moment, Span
from attune_core.expressions.runtime.value import Maybe, Value
from attune_core.values import JsonValue

#: JSON documents of Attune nest no deeper; reliability.md §1.5.
_MAX_DEPTH = 64


def bounded(value: Value) -> JsonValue:
    """Return the value, itself if it is JSON, within the bounds, measured as about the length of its text."""
    kind = type(value)
    if kind is bool or kind is int or value is None:
        return value  # type: ignore[return-value]  # of these three kinds
    if isinstance(value, str) and len(value) <= MAX_OUTPUT:
        return value
    if _measured(value):
        return value  # type: ignore[return-value]  # as measured
    return _as_json(value)


def measure(value: JsonValue) -> int:
    """Return how long a JSON value is by the measure of the bound."""
    size, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        size += 3
        if isinstance(item, str):
            size += len(item)
        elif isinstance(item, dict):
            size += 3 * len(item) + sum(map(len, item))
            waiting.extend(item.values())
        elif isinstance(item, list):
            size += 3 * len(item)
            waiting.extend(item)
    return size


def _measured(value: Value) -> bool:
    """Refuse what is beyond the bounds; tell whether the value is JSON already."""
    size, plain, waiting = 0, True, [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        size += 3
        if isinstance(item, str):
            size += len(item)
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise ExpressionFailed("the result is not a finite number")
        elif isinstance(item, (list, dict)):
            size += 3 * len(item)
            if depth >= _MAX_DEPTH:
                raise ExpressionTooCostly(f"the result is nested deeper than {_MAX_DEPTH}")
            size += sum(map(len, item)) if isinstance(item, dict) else 0
            inner = item.values() if isinstance(item, dict) else item
            if size <= MAX_OUTPUT:
                waiting.extend((one, depth + 1) for one in inner)
        elif isinstance(item, (bytes, Moment, Span, Maybe)):
            plain = False
            size += len(item) * 4 // 3 if isinstance(item, bytes) else 30
        if size > MAX_OUTPUT:
            raise ExpressionTooCostly(f"the result is longer than {MAX_OUTPUT} characters")
    return plain


def _as_json(value: Value) -> JsonValue:
    if isinstance(value, Moment | Span):
        return str(value)
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, Maybe):
        raise ExpressionFailed("an optional value cannot leave an expression: write .orValue(...)")
    return value
