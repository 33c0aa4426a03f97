"""Program: an expression compiled to closures, ready to run on any number of events.

Made by `check`; called by rules, inputs and placement once per event.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from attune_core.expressions.errors import ExpressionFailed
from attune_core.values import JsonValue


@dataclass(frozen=True, eq=False)
class Program:
    """An expression compiled to closures. `source` is its text."""

    source: str

    @property
    def clauses(self) -> "tuple[Program, ...]":
        """Return the parts joined by `&&` at the top, each a program of its own; to say which one was false first."""
        return (self,)

    def evaluate(self, activation: Mapping[str, JsonValue], *, steps: int = 100_000) -> JsonValue:
        """Return the value for these variables; `ExpressionFailed` if there is none, or none within `steps`."""
        raise ExpressionFailed(f"not built yet: {self.source} {len(activation)} {steps}")
