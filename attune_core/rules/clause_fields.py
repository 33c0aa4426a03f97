"""The fields that a clause names and what stands in them, so that people see why it does not hold; pure.

Asked by rule tests and `attune rule test` after `clauses`, only for the clauses that somebody looks at.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from attune_core.expressions.finding import NotAnExpression
from attune_core.expressions.syntax.lexer import tokens_of
from attune_core.expressions.syntax.nodes import Has, Index, Literal, Name, Node, OptionalIndex, OptionalSelect, Select
from attune_core.expressions.syntax.parser import parse
from attune_core.values import JsonObject, JsonValue


@dataclass(frozen=True, kw_only=True)
class FieldValue:
    """One field as the expression writes it; `is_there` tells a null from nothing."""

    source: str
    value: JsonValue = None
    is_there: bool = True


def fields_of(source: str, activation: JsonObject) -> tuple[FieldValue, ...]:
    """Return the fields of the event in an expression, each once, in the order in which they stand there."""
    try:
        tree = parse(tokens_of(source))
    except NotAnExpression:
        return ()
    found: dict[str, FieldValue] = {}
    for node, keys in _longest_ways(tree):
        text = source[node.start : node.end]
        found.setdefault(text, _look_up(text, keys, activation))
    return tuple(found.values())


def _longest_ways(node: Node) -> Iterator[tuple[Node, tuple[str | int, ...]]]:
    """Yield each way from the variable `event` that no longer one contains."""
    looked_at = node.selected if isinstance(node, Has) else node
    keys = _way(looked_at)
    if keys and keys[0] == "event" and len(keys) > 1:
        yield looked_at, keys[1:]
        return
    for child in node.children():
        yield from _longest_ways(child)


def _way(node: Node) -> tuple[str | int, ...]:
    """Return the keys that lead from a variable to a node, nothing if it is computed."""
    if isinstance(node, Name):
        return (node.name,)
    if isinstance(node, Select | OptionalSelect):
        before = _way(node.operand)
        return (*before, node.field) if before else ()
    if isinstance(node, Index | OptionalIndex) and isinstance(node.index, Literal) and isinstance(node.index.value, str | int):
        before = _way(node.operand)
        return (*before, node.index.value) if before else ()
    return ()


def _look_up(text: str, keys: tuple[str | int, ...], activation: JsonObject) -> FieldValue:
    value: JsonValue = activation["event"]
    for key in keys:
        members: dict[str | int, JsonValue] = {}
        if isinstance(value, dict):
            members.update(value)
        elif isinstance(value, list):
            members.update(enumerate(value))
        if key not in members:
            return FieldValue(source=text, is_there=False)
        value = members[key]
    return FieldValue(source=text, value=value)
