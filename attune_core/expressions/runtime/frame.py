"""Frame: the variables and the step budget of one evaluation, and what a compiled node is.

Made by `Program.evaluate`, one per evaluation; passed to every closure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from attune_core.expressions.errors import ExpressionTooCostly
from attune_core.expressions.suggestion import clipped
from attune_core.expressions.types import Type
from attune_core.values import JsonValue

#: Bound of what one evaluation may build or return, in characters of its strings and keys; reliability.md §1.5.
MAX_OUTPUT = 256 << 10
#: Characters that are compared, searched or copied for one step.
PER_STEP = 16


class Frame:
    """One evaluation."""

    __slots__ = ("steps", "variables")

    def __init__(self, variables: Mapping[str, JsonValue], steps: int) -> None:
        """Take the variables and the steps that may still be taken."""
        self.variables, self.steps = variables, steps

    def charge(self, steps: int) -> None:
        """Take steps off the budget, before doing what costs them."""
        self.steps -= steps
        if self.steps < 0:
            raise ExpressionTooCostly("the expression takes more steps than one evaluation may")


Run: TypeAlias = Callable[[Frame], JsonValue]


class Spot(NamedTuple):
    """Where a node stands in the text that was checked."""

    source: str
    start: int
    end: int

    def text(self) -> str:
        """Return its source, clipped, for messages."""
        return clipped(self.source[self.start : self.end])


@dataclass(eq=False, slots=True)
class Operand:
    """A compiled node.

    `constant`: its value does not depend on variables and is `value`. `keys` lead to it from the variables, if nothing else does.
    `cost` is the steps it takes whatever the values are. `terms` are those of a chain of `&&`.
    """

    run: Run
    type: Type
    cost: int
    spot: Spot
    constant: bool = False
    value: JsonValue = None
    keys: tuple[str, ...] = ()
    terms: "tuple[Operand, ...]" = ()


_KINDS: Mapping[type[JsonValue], str] = {
    type(None): "null",
    bool: "bool",
    int: "int",
    float: "double",
    str: "string",
    list: "list",
}


def kind_of(value: JsonValue) -> str:
    """Return the name of a value's type as messages say it."""
    return _KINDS.get(type(value), "object")
