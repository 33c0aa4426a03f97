"""Equality: a clause that pins a field to a few values, by which rules are found without evaluating all of them.

Made by `lower`; `Program.equalities` hands them to the index of rules. If such a field is there and has none of the values, the whole
condition is false without an error and within the budget: clauses behind one that takes steps by the size of values are left out.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attune_core.expressions.syntax import nodes

if TYPE_CHECKING:
    from attune_core.expressions.runtime.frame import Operand
    from attune_core.expressions.runtime.value import Value

_FREE = (nodes.Select, nodes.Has, nodes.Index, nodes.OptionalSelect, nodes.OptionalIndex, nodes.Logic, nodes.Conditional, nodes.Unary)


@dataclass(frozen=True, slots=True)
class Equality:
    """The value at `keys`, from the variables on, is one of `values`, compared as Python does (where true is 1)."""

    keys: tuple[str, ...]
    values: frozenset[bool | int | float | str | None]


def equality(node: nodes.Node, parts: "tuple[Operand, ...]") -> Equality | None:
    """Return what `way == constant`, `way in [constants]`, or an `||` of them about one way says."""
    match node:
        case nodes.Binary(operator="=="):
            way, other = parts if parts[1].constant else parts[::-1]
            return _pinned(way, [other.value] if other.constant else None)
        case nodes.Binary(operator="in"):
            return _pinned(parts[0], parts[1].value if parts[1].constant else None)
        case nodes.Logic(operator="||"):
            found = [part.equality for part in parts if part.equality is not None]
            if len(found) == len(parts) and len({one.keys for one in found}) == 1:
                return Equality(found[0].keys, frozenset().union(*(one.values for one in found)))
            return None
        case _:
            return None


def _pinned(way: "Operand", values: "Value") -> Equality | None:
    if not way.keys or not isinstance(values, list):
        return None
    scalars = [value for value in values if value is None or isinstance(value, bool | int | float | str)]
    return Equality(way.keys, frozenset(scalars)) if len(scalars) == len(values) else None


def free(node: nodes.Node, parts: "tuple[Operand, ...]") -> bool:
    """Tell whether a node never takes more steps than its cost, whatever the values are."""
    if not all(part.free for part in parts):
        return False
    return isinstance(node, _FREE) or (isinstance(node, nodes.Binary) and (node.operator in {"<", "<=", ">", ">="} or _cheap(node, parts)))


def _cheap(node: nodes.Binary, parts: "tuple[Operand, ...]") -> bool:
    if node.operator == "in":
        return parts[1].constant and isinstance(parts[1].value, list) and all(isinstance(item, str) for item in parts[1].value)
    return node.operator in {"==", "!="} and any(part.constant and not isinstance(part.value, list | dict | bytes) for part in parts)


def equalities(operand: "Operand") -> tuple[Equality, ...]:
    """Return those of a condition's clauses, as far as nothing before them can run out of steps."""
    found: list[Equality] = []
    for term in operand.terms or (operand,):
        if term.terms:
            found.extend(equalities(term))
        elif term.equality is not None:
            found.append(term.equality)
        if not term.free:
            break
    return tuple(found)
