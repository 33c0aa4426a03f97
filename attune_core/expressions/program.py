"""Program: an expression compiled to closures, ready to run on any number of events.

Made by `check`; called by rules, inputs and placement once per event. What it returns may share parts with the variables and with
itself: it is to be read, not changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from attune_core.expressions.errors import ExpressionTooCostly
from attune_core.expressions.runtime.equalities import Equality, equalities
from attune_core.expressions.runtime.frame import Frame, Operand
from attune_core.expressions.runtime.output import bounded
from attune_core.values import JsonValue

#: Steps of one evaluation; reliability.md §1.5. A node is one step, and what grows with values is charged by their size.
MAX_STEPS = 100_000


@dataclass(frozen=True, eq=False, slots=True)
class Program:
    """An expression compiled to closures.

    `source` is its text; `clauses` are its parts joined by `&&` at the top (itself, if there is only one), each a program: the
    first that is not true says why a condition did not hold.
    """

    source: str
    compiled: Operand = field(repr=False)
    parts: "tuple[Program, ...]" = field(default=(), repr=False)

    @property
    def equalities(self) -> tuple[Equality, ...]:
        """Return the clauses that pin a field to a few values: where one is there with another value, the program gives false."""
        return equalities(self.compiled)

    @property
    def clauses(self) -> "tuple[Program, ...]":
        """Return the parts joined by `&&` at the top; the program itself if there are none."""
        return self.parts or (self,)

    @property
    def always(self) -> bool | None:
        """Return the truth value that it has whatever the variables are; None if they decide."""
        value = self.compiled.value
        return value if self.compiled.constant and isinstance(value, bool) else None

    def evaluate(self, activation: Mapping[str, JsonValue], *, steps: int = MAX_STEPS) -> JsonValue:
        """Return the value for these variables; `ExpressionFailed` if there is none, or none within `steps` and the bound of size."""
        operand = self.compiled
        if operand.cost > steps:
            raise ExpressionTooCostly(f"the expression takes at least {operand.cost} steps, more than {steps}")
        try:
            return bounded(operand.run(Frame(activation, steps - operand.cost)))
        except RecursionError as error:
            raise ExpressionTooCostly("a value is nested too deeply") from error
