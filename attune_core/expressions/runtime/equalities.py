"""Equality: a clause that pins a field to a few values, by which rules are found without evaluating all of them.

Made by `lower`; `Program.equalities` hands them to the index of rules. If such a field is there and has none of the values, the whole
condition is false without an error and within the budget: clauses behind one that takes steps by the size of values are left out.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attune_core.expressions.syntax import nodes

if TYPE_CHECKING:
    from attune_core.expressions.runtime.frame import Operand

_SCALARS = (str, int, bool, float, type(None))
_FREE = (nodes.Select, nodes.Has, nodes.Index, nodes.OptionalSelect, nodes.OptionalIndex, nodes.Logic, nodes.Conditional, nodes.Unary)
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True)
class Equality:
    """The value at `keys`, from the variables on, is one of `values`, compared as Python does (where true is 1)."""

    keys: tuple[str, ...]
    values: frozenset[bool | int | float | str | None]


def equality(node: nodes.Binary | nodes.Logic, parts: "tuple[Operand, ...]") -> Equality | None:
    """Return what `way == constant`, `way in [constants]`, or an `||` of them about one way says."""
    if isinstance(node, nodes.Logic):
        found = [part.equality for part in parts if part.equality is not None] if node.operator == "||" else []
        same_way = len(found) == len(parts) and len({one.keys for one in found}) == 1
        return Equality(found[0].keys, frozenset().union(*(one.values for one in found))) if same_way else None
    way, other = parts if parts[1].constant else parts[::-1]
    if not way.keys or not other.constant:
        return None
    value = other.value
    if node.operator == "==":
        return Equality(way.keys, frozenset((value,))) if isinstance(value, _SCALARS) else None
    if node.operator != "in" or not isinstance(value, list) or other is parts[0]:
        return None
    scalars = [item for item in value if isinstance(item, _SCALARS)]
    return Equality(way.keys, frozenset(scalars)) if len(scalars) == len(value) else None


def free(node: nodes.Node, parts: "tuple[Operand, ...]") -> bool:
    """Tell whether a node never takes more steps than its cost, whatever the values are."""
    for part in parts:
        if not part.free:
            return False
    return _cheap(node, parts) if isinstance(node, nodes.Binary) else isinstance(node, _FREE)


def _cheap(node: nodes.Binary, parts: "tuple[Operand, ...]") -> bool:
    if node.operator == "in":
        return parts[1].constant and isinstance(parts[1].value, list) and all(isinstance(item, _SCALARS) for item in parts[1].value)
    return node.operator in _COMPARISONS and any(part.constant and isinstance(part.value, _SCALARS) for part in parts)


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
