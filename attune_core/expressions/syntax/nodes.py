"""The tree of an expression: one record per construct, with its place in the source.

Built by `parser`, typed by `inference`, compiled by `runtime.lower`. Nodes compare by identity: they are keys of the checker's tables.
Nothing changes them; they are not frozen because making frozen ones takes four times as long, and they are the bulk of the work.
"""

from dataclasses import dataclass
from typing import TypeAlias

#: What a literal can be.
Scalar: TypeAlias = bool | int | float | str | bytes | None


@dataclass(eq=False, slots=True)
class Place:
    """Where a node stands: offsets in characters, `end` exclusive; `height` is the longest way down to a leaf, from 1."""

    start: int
    end: int
    height: int


@dataclass(eq=False, slots=True)
class Literal(Place):
    """A value written out: null, a bool, a number, a string or bytes."""

    value: Scalar

    def children(self) -> "tuple[Node, ...]":
        """Return nothing: a leaf."""
        return ()


@dataclass(eq=False, slots=True)
class ListLiteral(Place):
    """`[a, b]`."""

    items: "tuple[Node, ...]"

    def children(self) -> "tuple[Node, ...]":
        """Return the nodes below, in the order they are evaluated."""
        return self.items


@dataclass(eq=False, slots=True)
class MapLiteral(Place):
    """`{"a": 1}`."""

    entries: "tuple[tuple[Node, Node], ...]"

    def children(self) -> "tuple[Node, ...]":
        """Return the nodes below, in the order they are evaluated."""
        return tuple(part for entry in self.entries for part in entry)


@dataclass(eq=False, slots=True)
class Name(Place):
    """A variable."""

    name: str

    def children(self) -> "tuple[Node, ...]":
        """Return nothing: a leaf."""
        return ()


@dataclass(eq=False, slots=True)
class Select(Place):
    """`operand.field`; the field's own text starts at `field_start`."""

    operand: "Node"
    field: str
    field_start: int

    def children(self) -> "tuple[Node, ...]":
        """Return the nodes below, in the order they are evaluated."""
        return (self.operand,)


@dataclass(eq=False, slots=True)
class Has(Place):
    """`has(operand.field)`."""

    selected: Select

    def children(self) -> "tuple[Node, ...]":
        """Return what is before the field; the field itself may be missing."""
        return (self.selected.operand,)


@dataclass(eq=False, slots=True)
class Index(Place):
    """`operand[index]`."""

    operand: "Node"
    index: "Node"

    def children(self) -> "tuple[Node, ...]":
        """Return the nodes below, in the order they are evaluated."""
        return (self.operand, self.index)


@dataclass(eq=False, slots=True)
class OptionalSelect(Place):
    """`operand.?field`: the field as an optional value; the field's own text starts at `field_start`."""

    operand: "Node"
    field: str
    field_start: int

    def children(self) -> "tuple[Node, ...]":
        """Return the nodes below, in the order they are evaluated."""
        return (self.operand,)


@dataclass(eq=False, slots=True)
class OptionalIndex(Place):
    """`operand[?index]`: the item as an optional value."""

    operand: "Node"
    index: "Node"

    def children(self) -> "tuple[Node, ...]":
        """Return the nodes below, in the order they are evaluated."""
        return (self.operand, self.index)


@dataclass(eq=False, slots=True)
class Macro(Place):
    """`operand.name(variable, parts...)`: the parts are evaluated with the variable bound to what the operand holds.

    The macro's own name starts at `name_start`; `parts` are one, or for `map` with three arguments two: the filter and the result.
    """

    name: str
    name_start: int
    operand: "Node"
    variable: str
    parts: "tuple[Node, ...]"

    def children(self) -> "tuple[Node, ...]":
        """Return the nodes below; all but the first see the variable."""
        return (self.operand, *self.parts)


@dataclass(eq=False, slots=True)
class Call(Place):
    """`name(arguments)`, or `target.name(arguments)`; the name's own text starts at `name_start`."""

    name: str
    name_start: int
    target: "Node | None"
    arguments: "tuple[Node, ...]"

    def children(self) -> "tuple[Node, ...]":
        """Return the nodes below, in the order they are evaluated."""
        return self.arguments if self.target is None else (self.target, *self.arguments)


@dataclass(eq=False, slots=True)
class Unary(Place):
    """`!operand` or `-operand`."""

    operator: str
    operand: "Node"

    def children(self) -> "tuple[Node, ...]":
        """Return the nodes below, in the order they are evaluated."""
        return (self.operand,)


@dataclass(eq=False, slots=True)
class Binary(Place):
    """Arithmetic, comparison, equality and `in`."""

    operator: str
    left: "Node"
    right: "Node"

    def children(self) -> "tuple[Node, ...]":
        """Return the nodes below, in the order they are evaluated."""
        return (self.left, self.right)


@dataclass(eq=False, slots=True)
class Logic(Place):
    """`a && b && c` or `a || b || c`: all terms of one chain, because errors are absorbed across the whole chain."""

    operator: str
    terms: "tuple[Node, ...]"

    def children(self) -> "tuple[Node, ...]":
        """Return the nodes below, in the order they are evaluated."""
        return self.terms


@dataclass(eq=False, slots=True)
class Conditional(Place):
    """`test ? yes : no`."""

    test: "Node"
    yes: "Node"
    no: "Node"

    def children(self) -> "tuple[Node, ...]":
        """Return the nodes below, in the order they are evaluated."""
        return (self.test, self.yes, self.no)


Node: TypeAlias = (
    Literal
    | ListLiteral
    | MapLiteral
    | Name
    | Select
    | Has
    | Index
    | OptionalSelect
    | OptionalIndex
    | Macro
    | Call
    | Unary
    | Binary
    | Logic
    | Conditional
)
