"""The type that a value has where it leaves an expression: JSON, in which moments, spans and bytes are texts.

Called by `check` before the type is compared with what its place takes; `runtime.output` does the same with values.
"""

from attune_core.expressions.types import STRING, Bytes, Duration, List, Map, OneOf, Optional, String, Timestamp, Type, union


def leaving(one: Type) -> Type:
    """Return the type of what leaves; an optional value, which never does, stays one."""
    match one:
        case Timestamp():
            return String(format="date-time")
        case Duration() | Bytes():
            return STRING
        case List():
            return List(leaving(one.item), tuple(leaving(part) for part in one.first), one.closed)
        case Map():
            return Map(leaving(one.value))
        case OneOf():
            return union(leaving(member) for member in one.members)
        case _:
            return one


def holds_optional(one: Type) -> bool:
    """Tell whether a value of this type is or holds an optional value."""
    match one:
        case Optional():
            return True
        case List():
            return holds_optional(one.item)
        case Map():
            return holds_optional(one.value)
        case OneOf():
            return any(holds_optional(member) for member in one.members)
        case _:
            return False
