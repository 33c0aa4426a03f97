"""The type of every node: one walk from the leaves up, in which each mistake is reported once, where it stands.

Called by `check` after the parser; what depends on the construct is in the siblings `members`, `operators` and `calls`.
"""

from typing import assert_never

from attune_core.expressions.finding import Code
from attune_core.expressions.inference.calls import call_type, known_children
from attune_core.expressions.inference.facts import Facts, possible
from attune_core.expressions.inference.members import has_type, index_type, select_type
from attune_core.expressions.inference.operators import binary_type, unary_type
from attune_core.expressions.syntax import nodes
from attune_core.expressions.types import BOOL, DOUBLE, INT, NULL, STRING, Double, Int, List, Map, String, Type, type_name, union
from attune_core.values import JsonValue


def infer(facts: Facts, node: nodes.Node) -> Type:
    """Return the type of a node and note it, with those of all below, in `facts`."""
    for child in known_children(node):
        infer(facts, child)
    found = _type_of(facts, node)
    facts.types[node] = found
    return found


def _type_of(facts: Facts, node: nodes.Node) -> Type:
    match node:
        case nodes.Literal():
            return literal_type(node.value)
        case nodes.Name():
            return _name_type(facts, node)
        case nodes.ListLiteral():
            return List(union(facts.plain(item) for item in node.items))
        case nodes.MapLiteral():
            return _map_type(facts, node)
        case nodes.Logic():
            for term in node.terms:
                _expect_bool(facts, term, f"'{node.operator}'")
            return BOOL
        case _:
            return _operation_type(facts, node)


def _operation_type(  # noqa: PLR0911 - one line per construct
    facts: Facts, node: nodes.Select | nodes.Has | nodes.Index | nodes.Call | nodes.Unary | nodes.Binary | nodes.Conditional
) -> Type:
    match node:
        case nodes.Select():
            return select_type(facts, node)
        case nodes.Has():
            return has_type(facts, node)
        case nodes.Index():
            return index_type(facts, node)
        case nodes.Call():
            return call_type(facts, node)
        case nodes.Unary():
            return unary_type(facts, node)
        case nodes.Binary():
            return binary_type(facts, node)
        case nodes.Conditional():
            _expect_bool(facts, node.test, "the test before '?'")
            return union((facts.plain(node.yes), facts.plain(node.no)))
    assert_never(node)


def literal_type(value: JsonValue) -> Type:
    """Return the type of a literal; a string's is the one text it can be."""
    if isinstance(value, str):
        return String((value,))
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOL
    return INT if isinstance(value, int) else DOUBLE


def _name_type(facts: Facts, node: nodes.Name) -> Type:
    found = facts.variables.get(node.name)
    if found is not None:
        return found
    before = facts.source[node.start - 1 : node.start]
    if before == "-" and facts.source[node.start - 2 : node.start - 1].isalnum():
        hint = f'a name with - is written in brackets: ["...-{node.name}"]'
        return facts.report(Code.UNKNOWN_VARIABLE, f"there is no variable '{node.name}'", node, hint)
    return facts.report(Code.UNKNOWN_VARIABLE, f"there is no variable '{node.name}'", node, facts.suggest(node.name, facts.variables))


def _map_type(facts: Facts, node: nodes.MapLiteral) -> Type:
    seen: set[str] = set()
    for key, _ in node.entries:
        if isinstance(key, nodes.Literal) and isinstance(key.value, str):
            if key.value in seen:
                facts.report(Code.CONSTANT_FAILS, f"the key {facts.text(key)} stands twice in one map", key)
            seen.add(key.value)
        elif not possible(facts.plain(key), STRING):
            facts.report(Code.OPERAND_TYPES, f"a map's key must be a string, not {type_name(facts.types[key])}", key, "put it in quotes")
    return Map(union(facts.plain(value) for _, value in node.entries))


def _expect_bool(facts: Facts, node: nodes.Node, where: str) -> None:
    found = facts.plain(node)
    if not possible(found, BOOL):
        facts.report(
            Code.OPERAND_TYPES,
            f"{where} takes bool, but {facts.text(node)} is {type_name(found)}",
            node,
            bool_hint(facts, node, found),
        )


def bool_hint(facts: Facts, node: nodes.Node, found: Type) -> str | None:
    """Return how to make a condition of a value."""
    if not isinstance(node, nodes.Name | nodes.Select | nodes.Index | nodes.Call):
        return None
    if isinstance(found, String):
        return f'compare it: {facts.text(node)} == "..."'
    return f"compare it: {facts.text(node)} > 0" if isinstance(found, Int | Double) else None
