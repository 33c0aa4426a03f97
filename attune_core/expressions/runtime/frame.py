"""Frame: the variables and the step budget of one evaluation, and what a compiled node is.

Made by `Program.evaluate`, one per evaluation; passed to every closure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from attune_core.expressions.errors import ExpressionTooCostly
from attune_core.expressions.runtime.equalities import Equality
from attune_core.expressions.runtime.value import Value
from attune_core.expressions.suggestion import clipped
from attune_core.expressions.types import Type
from attune_core.values import JsonValue

#: Bound of what one evaluation may build or return, in characters of its strings and keys; reliability.md §1.5.
MAX_OUTPUT = 256 << 10
#: Characters that are compared, searched or copied for one step.
PER_STEP = 16


class Frame:
    """One evaluation."""

    __slots__ = ("bound", "steps", "variables")

    #: The values of the variables that macros bind, from the outermost macro in; made by the first macro that runs.
    bound: "list[Value]"

    def __init__(self, variables: Mapping[str, JsonValue], steps: int) -> None:
        """Take the variables and the steps that may still be taken."""
        self.variables, self.steps = variables, steps

    def charge(self, steps: int) -> None:
        """Take steps off the budget, before doing what costs them."""
        self.steps -= steps
        if self.steps < 0:
            raise ExpressionTooCostly("the expression takes more steps than one evaluation may")

    def charge_text(self, size: int, grown: int | None = None) -> None:
        """Refuse a text or bytes of this size if they are too long, and take the steps of making them, or of what they grow by."""
        if size > MAX_OUTPUT:
            raise ExpressionTooCostly(f"a text of {size} characters is longer than {MAX_OUTPUT}")
        self.charge((size if grown is None else grown) // PER_STEP)


Run: TypeAlias = Callable[[Frame], Value]


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
    `cost` is the steps it takes whatever the values are, and all it takes if it is `free`. `terms` are those of a chain of `&&`.
    """

    run: Run
    type: Type
    cost: int
    spot: Spot
    constant: bool = False
    value: Value = None
    keys: tuple[str, ...] = ()
    terms: "tuple[Operand, ...]" = ()
    equality: Equality | None = None
    free: bool = True
