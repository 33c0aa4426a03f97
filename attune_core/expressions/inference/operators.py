"""The types of operators: arithmetic, order, equality and `in`.

Called by `infer`, which has typed the operands before. Source: the CEL language definition, "List of Standard Definitions",
with numbers compared across types as JSON needs it.
"""

import re
from collections.abc import Mapping, Sequence

from attune_core.expressions.finding import Code
from attune_core.expressions.inference.facts import MISTAKEN, Facts, Mistaken, possible
from attune_core.expressions.syntax.nodes import Binary, ListLiteral, Literal, Node, Select, Unary
from attune_core.expressions.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    LIST,
    STRING,
    TIMESTAMP,
    Bool,
    Bytes,
    Double,
    Duration,
    Dyn,
    Int,
    List,
    Map,
    Null,
    Object,
    Optional,
    String,
    Timestamp,
    Type,
    members,
    type_name,
    union,
)

_NUMBERS = (Int, Double)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
#: More choices than this in a hint are not read by anybody.
_MOST_SHOWN = 8
#: What is ordered among its own kind; numbers have an order across kinds.
_ORDERED = (Bool, String, Bytes, Timestamp, Duration)
#: The types of both sides, and of the result.
_ARITHMETIC: Mapping[str, tuple[tuple[Type, Type, Type], ...]] = {
    "+": (
        *((kind, kind, kind) for kind in (INT, DOUBLE, STRING, LIST, BYTES, DURATION)),
        (TIMESTAMP, DURATION, TIMESTAMP),
        (DURATION, TIMESTAMP, TIMESTAMP),
    ),
    "-": (
        *((kind, kind, kind) for kind in (INT, DOUBLE, DURATION)),
        (TIMESTAMP, TIMESTAMP, DURATION),
        (TIMESTAMP, DURATION, TIMESTAMP),
    ),
    "*": ((INT, INT, INT), (DOUBLE, DOUBLE, DOUBLE)),
    "/": ((INT, INT, INT), (DOUBLE, DOUBLE, DOUBLE)),
    "%": ((INT, INT, INT),),
}


def unary_type(facts: Facts, node: Unary) -> Type:
    """Return the type of `!a` or `-a`."""
    operand = facts.plain(node.operand)
    wanted: tuple[Type, ...] = (BOOL,) if node.operator == "!" else (INT, DOUBLE)
    found = [kind for kind in wanted if possible(operand, kind)]
    if not found:
        return facts.report(Code.OPERAND_TYPES, f"no such overload: {node.operator}{type_name(operand)}", node)
    return DYN if len(found) > 1 else found[0]


def binary_type(facts: Facts, node: Binary) -> Type:
    """Return the type of `a operator b`."""
    left, right = facts.plain(node.left), facts.plain(node.right)
    if node.operator in _ARITHMETIC:
        return _arithmetic_type(facts, node, left, right)
    if node.operator == "in":
        _check_membership(facts, node, left, right)
    elif node.operator in {"==", "!="}:
        _check_equality(facts, node, left, right)
    elif not _ordered(left, right):
        _no_overload(facts, node, left, right)
    elif (_is_time(left) or _is_time(right)) and possible(left, STRING) and possible(right, STRING):
        _report_time_as_text(facts, node, left)
    return BOOL


def _is_time(one: Type) -> bool:
    return any(isinstance(member, String) and member.format == "date-time" for member in members(one))


def _report_time_as_text(facts: Facts, node: Binary, left: Type) -> None:
    sides = [f"timestamp({_whole_moment(side) or facts.code(side)})" for side in (node.left, node.right)]
    message = f"{facts.text(node.left if _is_time(left) else node.right)} is a text with a time, compared here letter by letter"
    facts.report(Code.TIME_AS_TEXT, message, node, f"write {sides[0]} {node.operator} {sides[1]}")


def _whole_moment(node: Node) -> str | None:
    """Return a date that stands alone with the time that timestamp() needs."""
    if isinstance(node, Literal) and isinstance(node.value, str) and _DATE.fullmatch(node.value):
        return f'"{node.value}T00:00:00Z"'
    return None


def _no_overload(facts: Facts, node: Binary, left: Type, right: Type, hint: str | None = None) -> Type:
    if isinstance(left, Mistaken) or isinstance(right, Mistaken):
        return MISTAKEN
    message = f"no such overload: {type_name(left)} {node.operator} {type_name(right)}"
    return facts.report(Code.OPERAND_TYPES, message, node, hint or _conversion_hint(facts, node, left, right))


def _conversion_hint(facts: Facts, node: Binary, left: Type, right: Type) -> str | None:
    if {type(left), type(right)} == {Int, Double}:
        return "convert one side with double() or int(); a literal double has a point: 1.0"
    if isinstance(left, String) != isinstance(right, String) and node.operator != "in":
        text, other, kind = (node.left, node.right, right) if isinstance(left, String) else (node.right, node.left, left)
        if isinstance(kind, Int | Double | Bool):
            return f"convert it: string({facts.code(other)})"
        if isinstance(kind, Timestamp | Duration):
            return f"convert it: {type_name(kind)}({facts.code(text)})"
    optional = next((side for side, kind in ((node.left, left), (node.right, right)) if isinstance(kind, Optional)), None)
    if optional is not None:
        return f"say what it is without a value: {facts.code(optional)}.orValue(...)"
    return None


def _arithmetic_type(facts: Facts, node: Binary, left: Type, right: Type) -> Type:
    results = [
        _joined_list(left, right) if gives is LIST else gives
        for one, other, gives in _ARITHMETIC[node.operator]
        if possible(left, one) and possible(right, other)
    ]
    if not results:
        return _no_overload(facts, node, left, right)
    if len(results) > 1 and any(isinstance(member, Dyn) for side in (left, right) for member in members(side)):
        return DYN
    return union(results)


def _joined_list(left: Type, right: Type) -> Type:
    return List(union(member.item if isinstance(member, List) else DYN for side in (left, right) for member in members(side)))


def _ordered(left: Type, right: Type) -> bool:
    for one in members(left):
        for other in members(right):
            if isinstance(one, Dyn) or isinstance(other, Dyn):
                ordered: Type = other if isinstance(one, Dyn) else one
                if isinstance(ordered, (Dyn, *_ORDERED, *_NUMBERS)):
                    return True
            elif (isinstance(one, _NUMBERS) and isinstance(other, _NUMBERS)) or (isinstance(one, _ORDERED) and type(one) is type(other)):
                return True
    return False


def comparable(left: Type, right: Type) -> bool:
    """Tell whether values of two types can be equal at all, enums aside."""
    return any(_alike(one, other) for one in members(left) for other in members(right))


def _alike(one: Type, other: Type) -> bool:
    if isinstance(one, Dyn) or isinstance(other, Dyn):
        return True
    if isinstance(one, List) and isinstance(other, List):
        return comparable(one.item, other.item)
    if isinstance(one, Map) and isinstance(other, Map):
        return comparable(one.value, other.value)
    if isinstance(one, Optional) and isinstance(other, Optional):
        return comparable(one.item, other.item)
    for family in (_NUMBERS, (Map, Object)):
        if isinstance(one, family):
            return isinstance(other, family)
    return type(one) is type(other)


def _check_equality(facts: Facts, node: Binary, left: Type, right: Type) -> None:
    if comparable(left, right):
        _check_written(facts, node.left, node.right)
        _check_written(facts, node.right, node.left)
        return
    for side, other, place in ((left, right, node.left), (right, left, node.right)):
        if isinstance(other, Null):
            facts.report(Code.NEVER_EQUAL, f"{facts.text(place)} is {type_name(side)} and never null", node, _null_hint(facts, place))
            return
    _no_overload(facts, node, left, right)


def _null_hint(facts: Facts, place: Node) -> str | None:
    return f"a field that may be missing is tested with has({facts.code(place)})" if isinstance(place, Select) else None


def _check_membership(facts: Facts, node: Binary, left: Type, right: Type) -> None:
    items: list[Type] = []
    for member in members(right):
        if isinstance(member, List):
            items.append(member.item)
        elif isinstance(member, Map | Object | Dyn):
            items.append(DYN if isinstance(member, Dyn) else STRING)
    if not items:
        part = f"a part of a text is found with {facts.code(node.right)}.contains(...)" if possible(right, STRING) else None
        _no_overload(facts, node, left, right, part or "the right side of 'in' is a list or an object")
    elif not comparable(left, union(items)):
        _no_overload(facts, node, left, right)
    elif isinstance(node.right, ListLiteral):
        for item in node.right.items:
            _check_written(facts, node.left, item)


def _check_written(facts: Facts, place: Node, written: Node) -> None:
    """Warn where a written value is none of those that the schema gives the other side."""
    if isinstance(place, Literal) or not isinstance(written, Literal):
        return
    families = {str: (String,), bool: (Bool,), int: _NUMBERS, float: _NUMBERS}
    family = families.get(type(written.value), ())
    allowed: list[str | int] = []
    for member in members(facts.types[place]):
        if isinstance(member, Dyn):
            return
        if isinstance(member, family):
            if not isinstance(member, String | Int | Bool) or member.choices is None:
                return
            allowed.extend(member.choices)
    if allowed and written.value not in allowed:
        message = f"{facts.text(place)} is never {facts.text(written)}"
        facts.report(Code.NEVER_EQUAL, message, written, _allowed_hint(facts, written.value, allowed))


def _allowed_hint(facts: Facts, wrong: object, allowed: Sequence[str | int]) -> str | None:
    if isinstance(wrong, str):
        return facts.suggest(wrong, (str(one) for one in allowed))
    shown = ", ".join(str(one).lower() for one in allowed[:_MOST_SHOWN])
    return f"there is: {shown}" + (", ..." if len(allowed) > _MOST_SHOWN else "")
