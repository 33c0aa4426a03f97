"""The type of every node: one walk from the leaves up, in which each mistake is reported once, where it stands.

Called by `check` after the parser; what depends on the construct is in the siblings `members`, `operators` and `calls`.
"""

from attune_core.expressions.finding import Code
from attune_core.expressions.inference.calls import call_type, known_children
from attune_core.expressions.inference.conditions import expect_bool
from attune_core.expressions.inference.facts import Facts, possible
from attune_core.expressions.inference.macros import macro_type, variable_type
from attune_core.expressions.inference.members import has_type, index_type, optional_select_type, select_type
from attune_core.expressions.inference.nearby import among
from attune_core.expressions.inference.operators import binary_type, unary_type
from attune_core.expressions.syntax import nodes
from attune_core.expressions.types import BOOL, BYTES, DOUBLE, INT, NULL, STRING, List, Map, String, Type, type_name, union


def infer(facts: Facts, node: nodes.Node) -> Type:
    """Return the type of a node and note it, with those of all below, in `facts`."""
    match node:
        case nodes.Macro():
            found = _macro(facts, node)
        case nodes.Literal():
            found = literal_type(node.value)
        case nodes.Name():
            found = _name_type(facts, node)
        case _:
            for child in known_children(node) if isinstance(node, nodes.Call) else node.children():
                infer(facts, child)
            found = _type_of(facts, node)
    facts.types[node] = found
    return found


def _macro(facts: Facts, node: nodes.Macro) -> Type:
    infer(facts, node.operand)
    facts.slots[node] = len(facts.bound)
    variable = variable_type(facts, node)
    facts.bound.append((node.variable, variable))
    for part in node.parts:
        infer(facts, part)
    facts.bound.pop()
    return macro_type(facts, node, variable)


def _type_of(facts: Facts, node: nodes.Node) -> Type:
    match node:
        case nodes.ListLiteral():
            return List(union(facts.plain(item) for item in node.items))
        case nodes.MapLiteral():
            return _map_type(facts, node)
        case nodes.Logic():
            for term in node.terms:
                expect_bool(facts, term, f"'{node.operator}'")
            return BOOL
        case _:
            return _operation_type(facts, node)


def _operation_type(facts: Facts, node: nodes.Node) -> Type:  # noqa: PLR0911 - one line per construct
    match node:
        case nodes.Select():
            return select_type(facts, node)
        case nodes.Has():
            return has_type(facts, node)
        case nodes.Index() | nodes.OptionalIndex():
            return index_type(facts, node)
        case nodes.OptionalSelect():
            return optional_select_type(facts, node)
        case nodes.Call():
            return call_type(facts, node)
        case nodes.Unary():
            return unary_type(facts, node)
        case nodes.Binary():
            return binary_type(facts, node)
        case nodes.Conditional():
            expect_bool(facts, node.test, "the test before '?'")
            return union((facts.plain(node.yes), facts.plain(node.no)))
        case _:
            raise AssertionError(f"{type(node).__name__} has a type of its own")


def literal_type(value: nodes.Scalar) -> Type:
    """Return the type of a literal; a string's is the one text it can be."""
    if isinstance(value, bytes):
        return BYTES
    if isinstance(value, str):
        return String((value,))
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOL
    return INT if isinstance(value, int) else DOUBLE


def _name_type(facts: Facts, node: nodes.Name) -> Type:
    if facts.bound and (slot := facts.slot_of(node.name)) is not None:
        facts.slots[node] = slot
        return facts.bound[slot][1]
    found = facts.variables.get(node.name)
    if found is not None:
        return found
    known = [*facts.variables, *(name for name, _ in facts.bound)]
    before = facts.source[node.start - 1 : node.start]
    if before == "-" and facts.source[node.start - 2 : node.start - 1].isalnum():
        hint = f'a name with - is written in brackets: ["...-{node.name}"]'
        return facts.report(Code.UNKNOWN_VARIABLE, f"there is no variable '{node.name}'", node, hint)
    nearby = facts.elsewhere.get(node.name) or among(facts.variables, node.name) or facts.suggest(node.name, known)
    return facts.report(Code.UNKNOWN_VARIABLE, f"there is no variable '{node.name}'", node, nearby)


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
