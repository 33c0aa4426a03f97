"""The types of `a.b`, `a["b"]`, `a[i]` and `has(a.b)`, and the finding that Attune exists for: a field that is not there.

Called by `infer`, which has typed the parts before.
"""

from typing import NamedTuple

from attune_core.expressions.finding import Code
from attune_core.expressions.functions.table import FUNCTIONS
from attune_core.expressions.inference.facts import Facts, Mistaken, possible
from attune_core.expressions.inference.nearby import below
from attune_core.expressions.syntax.nodes import Has, Index, Literal, Node, OptionalIndex, OptionalSelect, Select
from attune_core.expressions.types import (
    BOOL,
    DYN,
    INT,
    LIST,
    STRING,
    Dyn,
    List,
    Map,
    Object,
    Optional,
    Secret,
    String,
    Type,
    carries_secret,
    members,
    type_name,
    union,
)
from attune_core.values import MASK


class _Field(NamedTuple):
    """A field's name, and where it stands."""

    name: str
    start: int
    end: int


def select_type(facts: Facts, node: Select) -> Type:
    """Return the type of `operand.field`; of an optional operand it is optional as well."""
    return _read_type(facts, node.operand, _Field(node.field, node.field_start, node.end))


def optional_select_type(facts: Facts, node: OptionalSelect) -> Type:
    """Return the type of `operand.?field`; naming a field that is not declared is a mistake here as well."""
    if carries_secret(facts.types[node.operand]) and not isinstance(facts.types[node.operand], Object):
        return facts.plain(node.operand)
    return optionally(_read_type(facts, node.operand, _Field(node.field, node.field_start, node.end)))


def optionally(found: Type) -> Type:
    """Return the optional of a type; what is one, or has a finding, stays itself."""
    return found if isinstance(found, Optional | Mistaken) else Optional(found)


def has_type(facts: Facts, node: Has) -> Type:
    """Return bool, having looked for the field: testing one that is not declared is a mistake as well."""
    selected = node.selected
    facts.plain(selected.operand)
    if not carries_secret(facts.types[selected.operand]):
        facts.types[selected] = _field_type(facts, selected.operand, _Field(selected.field, selected.field_start, selected.end))
    return BOOL


def index_type(facts: Facts, node: Index | OptionalIndex) -> Type:
    """Return the type of `operand[index]` or `operand[?index]`; a written string is a field's name."""
    found = _indexed_type(facts, node)
    return optionally(found) if isinstance(node, OptionalIndex) else found


def _indexed_type(facts: Facts, node: Index | OptionalIndex) -> Type:
    if isinstance(node.index, Literal) and isinstance(node.index.value, str):
        return _read_type(facts, node.operand, _Field(node.index.value, node.index.start, node.index.end))
    operand, index = facts.types[node.operand], facts.plain(node.index)
    if carries_secret(operand):
        return facts.report(Code.SECRET, "a secret is named literally", node.index, "write secrets.name")
    if isinstance(operand, Optional):
        return optionally(_item_type(facts, node, operand.item, index))
    return _item_type(facts, node, operand, index)


def _item_type(facts: Facts, node: Index | OptionalIndex, operand: Type, index: Type) -> Type:
    results: list[Type] = []
    for member in members(operand):
        if isinstance(member, Dyn):
            results.append(DYN)
        elif isinstance(member, List) and possible(index, INT):
            results.extend(_items(member, node.index))
        elif isinstance(member, Map) and possible(index, STRING):
            results.append(member.value)
        elif isinstance(member, Object) and possible(index, STRING):
            results.append(union((*(field.type for field in member.fields.values()), member.extra or DYN)))
    if results:
        return union(results)
    if possible(operand, LIST) and possible(index, INT):
        message = f"{facts.text(node.operand)} has no item {facts.text(node.index)}"
        return facts.report(Code.UNKNOWN_FIELD, message, node.index, _last(operand))
    return facts.report(Code.OPERAND_TYPES, f"no such overload: {type_name(operand)}[{type_name(index)}]", node, _index_hint(operand))


def _items(one: List, index: Node) -> tuple[Type, ...]:
    """Return the type of what stands at an index; nothing if a tuple ends before."""
    place = index.value if isinstance(index, Literal) and isinstance(index.value, int) else None
    if place is None or place < 0 or not one.first:
        return (one.item,)
    if place < len(one.first):
        return (one.first[place],)
    return () if one.closed else (one.item,)


def _last(one: Type) -> str | None:
    last = max((len(member.first) for member in members(one) if isinstance(member, List)), default=0) - 1
    return f"its items are [0] to [{last}]" if last > 0 else None


def _index_hint(operand: Type) -> str | None:
    if possible(operand, List(DYN)):
        return "a list is indexed by an int, from 0"
    return "an object is indexed by a string" if possible(operand, Map(DYN)) else None


def field_of(one: Type, name: str) -> Type | None:
    """Return the type of a field of values of this type, None if they have none of this name."""
    if isinstance(one, Object) and name in one.fields:  # nearly always
        return one.fields[name].type
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


def _read_type(facts: Facts, operand: Node, field: _Field) -> Type:
    """Return the type of a field that is read; one that is always masked is of use to nobody."""
    found = _field_type(facts, operand, field)
    value = found.item if isinstance(found, Optional) else found
    if isinstance(value, String) and value.choices == (MASK,):
        message = f"{facts.text(operand)}.{field.name} is secret in the action's result, so it is always {MASK}"
        return facts.report_at(
            Code.MASKED, message, field.start, field.end, "has() tells whether there is one; its value never leaves the agent"
        )
    return found


def _field_type(facts: Facts, operand: Node, field: _Field) -> Type:
    one = facts.types[operand]
    if isinstance(one, Secret):
        return facts.plain(operand)
    if isinstance(one, Optional):
        return optionally(_field_of_type(facts, operand, one.item, field))
    return _field_of_type(facts, operand, one, field)


def _field_of_type(facts: Facts, operand: Node, one: Type, field: _Field) -> Type:
    found = field_of(one, field.name)
    if isinstance(found, Secret):
        facts.secrets.add(field.name)
    if found is not None:
        return found
    text = facts.text(operand)
    declared = {name for member in members(one) if isinstance(member, Object) for name in member.fields}
    if declared or possible(one, Map(DYN)):
        hint = below(text, one, field.name) or facts.suggest(field.name, declared)
        return facts.report_at(Code.UNKNOWN_FIELD, f"{text} has no field '{field.name}'", field.start, field.end, hint)
    hint = f"a method needs brackets: .{field.name}()" if field.name in FUNCTIONS else None
    return facts.report_at(Code.OPERAND_TYPES, f"{text} is {type_name(one)}, which has no fields", field.start, field.end, hint)
