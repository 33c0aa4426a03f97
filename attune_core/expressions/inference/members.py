"""The types of `a.b`, `a["b"]`, `a[i]` and `has(a.b)`, and the finding that Attune exists for: a field that is not there.

Called by `infer`, which has typed the parts before.
"""

from attune_core.expressions.finding import Code
from attune_core.expressions.functions.table import FUNCTIONS
from attune_core.expressions.inference.facts import Facts, possible
from attune_core.expressions.syntax.nodes import Has, Index, Literal, Node, Select
from attune_core.expressions.types import (
    BOOL,
    DYN,
    INT,
    STRING,
    Dyn,
    List,
    Map,
    Object,
    Secret,
    Type,
    carries_secret,
    members,
    type_name,
    union,
)


def select_type(facts: Facts, node: Select) -> Type:
    """Return the type of `operand.field`."""
    return _field_type(facts, node.operand, node.field, node.field_start, node.end)


def has_type(facts: Facts, node: Has) -> Type:
    """Return bool, having looked for the field: testing one that is not declared is a mistake as well."""
    selected = node.selected
    facts.plain(selected.operand)
    if not carries_secret(facts.types[selected.operand]):
        facts.types[selected] = _field_type(facts, selected.operand, selected.field, selected.field_start, selected.end)
    return BOOL


def index_type(facts: Facts, node: Index) -> Type:
    """Return the type of `operand[index]`; a written string is a field's name."""
    if isinstance(node.index, Literal) and isinstance(node.index.value, str):
        return _field_type(facts, node.operand, node.index.value, node.index.start, node.index.end)
    operand, index = facts.types[node.operand], facts.plain(node.index)
    if carries_secret(operand):
        return facts.report(Code.SECRET, "a secret is named literally", node.index, "write secrets.name")
    results: list[Type] = []
    for member in members(operand):
        if isinstance(member, Dyn):
            results.append(DYN)
        elif isinstance(member, List) and possible(index, INT):
            results.append(member.item)
        elif isinstance(member, Map) and possible(index, STRING):
            results.append(member.value)
        elif isinstance(member, Object) and possible(index, STRING):
            results.append(union((*(field.type for field in member.fields.values()), member.extra or DYN)))
    if results:
        return union(results)
    return facts.report(Code.OPERAND_TYPES, f"no such overload: {type_name(operand)}[{type_name(index)}]", node, _index_hint(operand))


def _index_hint(operand: Type) -> str | None:
    if possible(operand, List(DYN)):
        return "a list is indexed by an int, from 0"
    return "an object is indexed by a string" if possible(operand, Map(DYN)) else None


def field_of(one: Type, name: str) -> Type | None:
    """Return the type of a field of values of this type, None if they have none of this name."""
    found: list[Type] = []
    for member in members(one):
        if isinstance(member, Dyn):
            found.append(DYN)
        elif isinstance(member, Map):
            found.append(member.value)
        elif isinstance(member, Object):
            declared = member.fields.get(name)
            if declared is not None:
                found.append(declared.type)
            elif member.extra is not None:
                found.append(member.extra)
    return union(found) if found else None


def _field_type(facts: Facts, operand: Node, name: str, start: int, end: int) -> Type:
    one = facts.types[operand]
    if isinstance(one, Secret):
        return facts.plain(operand)
    found = field_of(one, name)
    if isinstance(found, Secret):
        facts.secrets.add(name)
    if found is not None:
        return found
    text = facts.text(operand)
    declared = {field for member in members(one) if isinstance(member, Object) for field in member.fields}
    if declared or possible(one, Map(DYN)):
        return facts.report_at(Code.UNKNOWN_FIELD, f"{text} has no field '{name}'", start, end, facts.suggest(name, declared))
    hint = f"a method needs brackets: .{name}()" if name in FUNCTIONS else None
    return facts.report_at(Code.OPERAND_TYPES, f"{text} is {type_name(one)}, which has no fields", start, end, hint)
