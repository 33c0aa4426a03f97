"""Optional fields that are read where they may be missing: a pass over a tree whose types are known, following `has()`.

Called by `check` when an expression has no error. In `a && b` each term relies on what the others have tested, on whichever side they
stand, because CEL lets a false term absorb the failure of another; `||` is the reverse and `?:` relies on its test.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from attune_core.expressions.finding import Code
from attune_core.expressions.inference.facts import Facts
from attune_core.expressions.inference.tested import tested, tested_of_items
from attune_core.expressions.inference.ways import Step, field_name, key_of, may_be_missing, steps_of
from attune_core.expressions.suggestion import one_line
from attune_core.expressions.syntax.nodes import Conditional, Has, Index, Logic, Macro, Node, OptionalIndex, OptionalSelect, Select
from attune_core.expressions.types import Bool, Double, Int, List, Map, Object, Optional, String, Type, members

_STAND_INS: Mapping[type[Type], str] = {
    String: '"..."',
    Int: "0",
    Double: "0.0",
    Bool: "false",
    List: "[]",
    Map: "{}",
    Object: "{}",
}


def find_missing(facts: Facts, root: Node, present: frozenset[str]) -> None:
    """Report each optional field that is read without a test, once; those `present` were tested before."""
    _Reader(facts, isinstance(facts.types[root], Bool)).read(root, present)


@dataclass(frozen=True, eq=False)
class _Reader:
    """One walk; `condition` says that the whole is a bool, where a test with `has()` can stand in front."""

    facts: Facts
    condition: bool
    reported: set[str] = field(default_factory=set)

    def read(self, node: Node, present: frozenset[str]) -> None:
        """Look at a node that is evaluated where these fields are there."""
        match node:
            case Select() | Index() | OptionalSelect() | OptionalIndex():
                self._way(node, present, tests=self.condition)
            case Has(selected=Select(operand=Select() | Index() as before)):
                self._way(before, present, tests=True)
            case Logic():
                self._logic(node, present)
            case Conditional():
                self.read(node.test, present)
                self.read(node.yes, present | tested(self.facts, node.test, when=True))
                self.read(node.no, present | tested(self.facts, node.test, when=False))
            case Macro():
                self._macro(node, present)
            case _:
                for child in node.children():
                    self.read(child, present)

    def _logic(self, node: Logic, present: frozenset[str]) -> None:
        found = [tested(self.facts, term, when=node.operator == "&&") for term in node.terms]
        times = Counter(key for keys in found for key in keys)
        for term, own in zip(node.terms, found, strict=True):
            self.read(term, present.union(key for key, count in times.items() if count > (key in own)))

    def _macro(self, node: Macro, present: frozenset[str]) -> None:
        self.read(node.operand, present)
        inside = present | tested_of_items(self.facts, node, node.operand)
        for part in node.parts:
            self.read(part, inside)
            #: `map` with a filter gives its result only for items that pass.
            inside |= tested(self.facts, part, when=True)

    def _way(self, way: Step, present: frozenset[str], *, tests: bool) -> None:
        """Look at a whole way such as `a.b["c"][0].d`, from its start."""
        start, steps = steps_of(way)
        self.read(start, present)
        missing: list[Select | Index] = []
        for step in steps:
            name = field_name(step)
            if name is None and isinstance(step, Index | OptionalIndex):
                self.read(step.index, present)
            elif name is not None and isinstance(step, Select | Index) and may_be_missing(self.facts.types[step.operand], name):
                key = key_of(self.facts, step)
                if key not in present and key not in self.reported:
                    self.reported.add(key)
                    missing.append(step)
        if missing:
            self._report(way, missing, tests=tests)

    def _report(self, way: Step, missing: Sequence[Select | Index], *, tests: bool) -> None:
        first = missing[0]
        start, end = (first.field_start, first.end) if isinstance(first, Select) else (first.index.start, first.index.end)
        source = self.facts.source
        if tests:
            hint = " && ".join([*(_test(source, step) for step in missing), "..."])
        else:
            hint = f"{one_line(source[way.start : start])}?{one_line(source[start : way.end])}"
            hint += "" if isinstance(self.facts.types[way], Optional) else f".orValue({_stand_in(self.facts.types[way])})"
        message = f"{self.facts.text(first)} is optional and may be missing"
        self.facts.report_at(Code.MAY_BE_MISSING, message, start, end, f"write {hint}")


def _test(source: str, step: Select | Index) -> str:
    if isinstance(step, Select):
        return f"has({one_line(source[step.start : step.end])})"
    before = source[step.start : step.index.start].rstrip().removesuffix("[")
    return f"{source[step.index.start : step.index.end]} in {one_line(before)}"


def _stand_in(one: Type) -> str:
    return _STAND_INS.get(type(members(one)[0]), "...")
