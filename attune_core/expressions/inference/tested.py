"""Which optional fields are there if a condition has a given value: what `has()`, `in`, `hasValue()` and their combinations say.

Called by `presence` for the parts of an expression, and through `implied` for what a rule's condition says of its input.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from attune_core.expressions.inference.facts import Facts
from attune_core.expressions.inference.ways import field_key, field_name, key_of, may_be_missing, steps_of, variable_key
from attune_core.expressions.syntax.nodes import (
    Binary,
    Call,
    Conditional,
    Has,
    Index,
    Literal,
    Logic,
    Macro,
    Node,
    OptionalIndex,
    OptionalSelect,
    Select,
    Unary,
)

#: The keys of fields; None where the case cannot be, so that everything holds.
_Present: TypeAlias = frozenset[str] | None
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Implied:
    """What a condition says of what is evaluated only where it holds, by the keys of `ways`.

    `present` are the optional fields that are there then; `asked` is all that the condition reads, so that it may narrow their values.
    """

    present: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()


NOTHING_IMPLIED = Implied()


def implied(facts: Facts, condition: Node) -> Implied:
    """Return what holds where a condition is true: the fields it tests, and those it could not do without, are there."""
    present = tested(facts, condition, when=True).union(_needed_if(facts, condition, when=True))
    return Implied(present, frozenset(_asked(facts, condition)))


def _asked(facts: Facts, node: Node) -> Iterator[str]:
    if isinstance(node, Select | Index | OptionalSelect | OptionalIndex):
        yield key_of(facts, node)
    for child in node.children():
        yield from _asked(facts, child)


def tested(facts: Facts, node: Node, *, when: bool) -> frozenset[str]:
    """Return the fields that are there if a node's value is `when`, because it tests them."""
    return _tested(facts, node, when=when) or _NOTHING


def tested_of_items(facts: Facts, macro: Macro, operand: Node) -> frozenset[str]:
    """Return the fields that a macro's variable has because its operand kept only items with them, as `filter()` does."""
    if not isinstance(operand, Macro) or operand.name != "filter":
        return _NOTHING
    old, new = (f"{variable_key(one.variable, facts.slots[one])}." for one in (operand, macro))
    keys = tested(facts, operand.parts[0], when=True) | tested_of_items(facts, operand, operand.operand)
    return frozenset(new + key.removeprefix(old) for key in keys if key.startswith(old))


def _tested(facts: Facts, node: Node, *, when: bool) -> _Present:
    match node:
        case Has() | Binary() | Call():
            return _test(facts, node) if when else _NOTHING
        case Literal(value=bool() as value):
            return None if value is not when else _NOTHING
        case Unary(operator="!"):
            return _tested(facts, node.operand, when=not when)
        case Logic() | Conditional() | Macro():
            return _tested_by_parts(facts, node, when=when)
        case _:
            return _NOTHING


def _test(facts: Facts, node: Has | Binary | Call) -> frozenset[str]:
    match node:
        case Has():
            return frozenset({key_of(facts, node.selected)})
        case Binary(operator="in", left=Literal(value=str() as name)):
            return frozenset({field_key(key_of(facts, node.right), name)})
        case Call(name="hasValue", target=Select() | Index() | OptionalSelect() | OptionalIndex() as way):
            return _reached(facts, way)
        case _:
            return _NOTHING


def _tested_by_parts(facts: Facts, node: Logic | Conditional | Macro, *, when: bool) -> _Present:
    match node:
        case Logic():
            cases = [_tested(facts, term, when=when) for term in node.terms]
            return _all_of(cases) if when is (node.operator == "&&") else _any_of(cases)
        case Conditional():
            yes = _all_of([_tested(facts, node.test, when=True), _tested(facts, node.yes, when=when)])
            return _any_of([yes, _all_of([_tested(facts, node.test, when=False), _tested(facts, node.no, when=when)])])
        case Macro(name="exists" | "exists_one") if when:
            own = f"{variable_key(node.variable, facts.slots[node])}."
            return frozenset(key for key in tested(facts, node.parts[0], when=True) if not key.startswith(own))
        case _:
            return _NOTHING


def _all_of(cases: Sequence[_Present]) -> _Present:
    known = [case for case in cases if case is not None]
    return _NOTHING.union(*known) if len(known) == len(cases) else None


def _any_of(cases: Sequence[_Present]) -> _Present:
    known = [case for case in cases if case is not None]
    return known[0].intersection(*known[1:]) if known else None


def _reached(facts: Facts, way: Node) -> frozenset[str]:
    """Return the fields from the first `.?` on, which are there if the whole way has a value."""
    _, steps = steps_of(way)
    first = next((place for place, step in enumerate(steps) if isinstance(step, OptionalSelect | OptionalIndex)), len(steps))
    return frozenset(key_of(facts, step) for step in steps[first:])


def _needed_if(facts: Facts, node: Node, *, when: bool) -> Iterator[str]:
    """Yield the optional fields that were read in every case in which a node's value is `when`."""
    match node:
        case Logic():
            for term in node.terms if when is (node.operator == "&&") else ():
                yield from _needed_if(facts, term, when=when)
        case Unary(operator="!"):
            yield from _needed_if(facts, node.operand, when=not when)
        case _:
            yield from _needed(facts, node)


def _needed(facts: Facts, node: Node) -> Iterator[str]:
    """Yield the optional fields without which a node has no value."""
    if isinstance(node, Select | Index) and (name := field_name(node)) is not None and may_be_missing(facts.types[node.operand], name):
        yield key_of(facts, node)
    for child in _always_evaluated(node):
        yield from _needed(facts, child)


def _always_evaluated(node: Node) -> tuple[Node, ...]:
    match node:
        case Logic():
            return ()
        case Conditional():
            return (node.test,)
        case Macro():
            return (node.operand,)
        case Call(name="or" | "orValue", target=target) if target is not None:
            return (target,)
        case _:
            return node.children()
