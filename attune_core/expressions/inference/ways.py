"""Ways: how an expression reaches a value, as `event.data.unit` or `event.data["unit"]`, and a key that is the same for both.

Called by `tested` and `presence`.
"""

from typing import TypeAlias

from attune_core.expressions.inference.facts import Facts
from attune_core.expressions.syntax.nodes import (
    Binary,
    Call,
    Index,
    Literal,
    Logic,
    Macro,
    Name,
    Node,
    OptionalIndex,
    OptionalSelect,
    Select,
    Unary,
)
from attune_core.expressions.types import Object, Type, members

Step: TypeAlias = Select | Index | OptionalSelect | OptionalIndex


def steps_of(way: Node) -> tuple[Node, list[Step]]:
    """Return where a way starts and its steps from there."""
    steps: list[Step] = []
    start = way
    while isinstance(start, Select | Index | OptionalSelect | OptionalIndex):
        steps.append(start)
        start = start.operand
    return start, steps[::-1]


def field_name(step: Step) -> str | None:
    """Return the field that a step reads, None if it is computed."""
    if isinstance(step, Select | OptionalSelect):
        return step.field
    return step.index.value if isinstance(step.index, Literal) and isinstance(step.index.value, str) else None


def may_be_missing(one: Type, name: str) -> bool:
    """Tell whether every object of this type leaves the field open, by itself and not by what the rest of the value is."""
    if isinstance(one, Object) and name in one.fields:  # nearly always
        return not (one.fields[name].required or one.fields[name].depends)
    declared = [member.fields[name] for member in members(one) if isinstance(member, Object) and name in member.fields]
    return bool(declared) and not any(field.required or field.depends for field in declared)


def key_of(facts: Facts, node: Node) -> str:
    """Return the same text for all nodes that read the same value."""
    match node:
        case Name():
            return variable_key(node.name, facts.slots.get(node))
        case Literal():
            return repr(node.value)
        case Select() | OptionalSelect():
            return field_key(key_of(facts, node.operand), node.field)
        case Index() | OptionalIndex():
            name, operand = field_name(node), key_of(facts, node.operand)
            return f"{operand}[{key_of(facts, node.index)}]" if name is None else field_key(operand, name)
        case Unary() | Binary() | Logic():
            label = node.operator
        case Call() | Macro():
            label = node.name
        case _:
            label = type(node).__name__
    return f"{label}({', '.join(key_of(facts, child) for child in node.children())})"


def variable_key(name: str, slot: int | None) -> str:
    """Return the key of a variable; one that a macro binds has a slot of its own, so that it hides others of its name."""
    return name if slot is None else f"{name}@{slot}"


def field_key(before: str, name: str) -> str:
    """Return the key of a field of what has the key `before`."""
    return f"{before}.{name!r}"
