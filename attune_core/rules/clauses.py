"""Clauses: why a condition did not hold, part by part; pure.

Asked by rule tests and `attune rule test` after `firing`, only for the rules somebody wants to know about.
"""

from dataclasses import dataclass

from attune_core.catalog.catalog import Rule
from attune_core.expressions.errors import ExpressionFailed
from attune_core.values import JsonObject, JsonValue


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One part of a condition, joined to the others by `&&`, and what it gave: a value, or an error where there is none."""

    source: str
    value: JsonValue = None
    error: str = ""

    @property
    def holds(self) -> bool:
        """Tell whether it is true."""
        return self.value is True


def clauses_of(rule: Rule, activation: JsonObject) -> tuple[Clause, ...]:
    """Evaluate each clause of a rule's condition by itself; none for a rule without a condition."""
    found: list[Clause] = []
    for part in rule.when.clauses if rule.when is not None else ():
        try:
            found.append(Clause(source=part.source, value=part.evaluate(activation)))
        except ExpressionFailed as failed:
            found.append(Clause(source=part.source, error=failed.message))
    return tuple(found)


def first_untrue(rule: Rule, activation: JsonObject) -> Clause | None:
    """Return the first clause that is false, else the first that failed: in CEL a false one decides beside a failed one."""
    clauses = clauses_of(rule, activation)
    return next((one for one in clauses if not one.error and not one.holds), next((one for one in clauses if one.error), None))
