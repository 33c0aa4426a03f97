"""Facts: what the checker finds out about one expression while it walks the tree.

Filled by `infer` and its siblings; read by `check` and, for the types, by `runtime.lower`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from attune_core.expressions.finding import Code, Finding, finding
from attune_core.expressions.suggestion import clipped, one_line, suggestion
from attune_core.expressions.syntax.nodes import Binary, Conditional, Logic, Node, Unary
from attune_core.expressions.types import Dyn, List, Map, Object, OneOf, Type, carries_secret, members

_MOST_SUGGESTIONS = 20


@dataclass(frozen=True)
class Mistaken(Dyn):
    """The type of what has a finding already."""


MISTAKEN = Mistaken()


@dataclass(frozen=True, eq=False)
class Facts:
    """The findings, types and secrets of one expression. `source` is the whole text that offsets count in."""

    source: str
    variables: Mapping[str, Type]
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    types: dict[Node, Type] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    #: The variables that the macros around the node at hand bind, from the outermost in.
    bound: list[tuple[str, Type]] = field(default_factory=list)
    #: The place among them that a macro fills, or that a name reads.
    slots: dict[Node, int] = field(default_factory=dict)

    def slot_of(self, name: str) -> int | None:
        """Return the place of the innermost bound variable of this name."""
        return next((slot for slot in reversed(range(len(self.bound))) if self.bound[slot][0] == name), None)

    def text(self, node: Node) -> str:
        """Return a node's source, on one line and clipped, to be quoted in messages."""
        return clipped(self.source[node.start : node.end])

    def code(self, node: Node) -> str:
        """Return a node's source whole, on one line, to be copied from a hint; in brackets where `.` would bind to its last part only."""
        text = one_line(self.source[node.start : node.end])
        return f"({text})" if isinstance(node, Binary | Logic | Conditional | Unary) else text

    def suggest(self, wrong: str, known: Iterable[str]) -> str | None:
        """Return the hint for a wrong name; none any more when there are many findings, because it takes its time."""
        return suggestion(wrong, known) if len(self.findings) < _MOST_SUGGESTIONS else None

    def report(self, code: Code, message: str, node: Node, hint: str | None = None) -> Type:
        """Add a finding at a node; return what is not reported again by the operations above it."""
        return self.report_at(code, message, node.start, node.end, hint)

    def report_at(self, code: Code, message: str, start: int, end: int, hint: str | None = None) -> Type:
        """Add a finding at a place."""
        self.findings.append(finding(code, message, start, end, hint))
        return MISTAKEN

    def plain(self, node: Node) -> Type:
        """Return the type of an operand, having refused a secret in it."""
        found = self.types[node]
        if not carries_secret(found):
            return found
        return self.report(
            Code.SECRET,
            f"{self.text(node)} is a secret and cannot be used in an operation",
            node,
            "give it alone to a parameter that is declared secret",
        )


def possible(actual: Type, wanted: Type) -> bool:
    """Tell whether a value of `actual` may be of the kind of `wanted`; what maps hold is not looked at."""
    if isinstance(wanted, Dyn):
        return True
    if isinstance(wanted, List):
        return any(
            isinstance(member, Dyn) or (isinstance(member, List) and possible(member.item, wanted.item)) for member in members(actual)
        )
    kinds = (Map, Object) if isinstance(wanted, Map | Object) else (type(wanted),)
    if not isinstance(actual, OneOf):
        return isinstance(actual, (Dyn, *kinds))
    return any(isinstance(member, (Dyn, *kinds)) for member in actual.members)
