"""Checking conditions: a bool over the trigger's event, without braces, and not one that never holds.

Called by `check_rules` for every rule. A condition that always holds is a way to write "no condition" and is left alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from attune_core.catalog.reading import Read, Reading
from attune_core.catalog.scopes import EVENTS, event_scope
from attune_core.expressions.check import Checked, Scope, check
from attune_core.expressions.finding import Finding
from attune_core.expressions.inference.tested import NOTHING_IMPLIED, Implied
from attune_core.expressions.naming import names
from attune_core.expressions.program import Program
from attune_core.expressions.types import BOOL, Type
from attune_core.models.rule import RuleDocument
from attune_core.problems import Severity


@dataclass(frozen=True)
class Condition:
    """A rule's condition: the program, None without one or if it is wrong, and what it implies, see `Checked`.

    `ended` are the clauses that name `events`, apart from the program: they are judged when a group of events ends.
    """

    program: Program | None
    implied: Implied | None
    ended: Program | None = None


def has_events(rule: RuleDocument) -> bool:
    """Tell whether a rule's condition and input may name `events`."""
    return rule.throttle is not None and (rule.throttle.debounce is not None or rule.throttle.accumulate is not None)


def check_condition(reading: Reading, rule: Read[RuleDocument], data: Type, *, events: bool = False) -> Condition:
    """Return the compiled condition and what it says of the events that meet it."""
    if rule.model.when is None:
        return Condition(None, NOTHING_IMPLIED)
    if rule.model.when.lstrip().startswith("${{"):
        hint = "write the expression alone, without ${{ }}"
        reading.findings.at("ATT157", "a condition is an expression already", rule.document, ("when",), hint=hint)
        return Condition(None, None)
    scope = event_scope(data, events=events)
    checked = check(rule.model.when, scope, BOOL)
    reading.findings.in_text(checked.findings, rule.document, ("when",))
    reading.findings.in_text(_never(checked), rule.document, ("when",))
    if checked.program is not None and not checked.findings:
        reading.findings.in_text(_contradiction(checked.program), rule.document, ("when",))
    if checked.program is None or not events:
        return Condition(checked.program, checked.implied)
    late = [clause for clause in checked.program.clauses if names(clause, EVENTS)]
    if not late:
        return Condition(checked.program, checked.implied)
    soon = [clause for clause in checked.program.clauses if clause not in late]
    return Condition(_joined(soon, scope) if soon else None, checked.implied, _joined(late, scope))


def _joined(clauses: Sequence[Program], scope: Scope) -> Program | None:
    """Return the program of some clauses of a condition that was found right."""
    if len(clauses) == 1:
        return clauses[0]
    joined = check(" && ".join(f"({one.source})" for one in clauses), scope, BOOL).program
    return replace(joined, parts=tuple(clauses)) if joined is not None else None


def _contradiction(program: Program) -> Iterator[Finding]:
    """Yield the first clause that wants another value of a field than the clauses before it, `a == 1 && a == 2`."""
    wanted: dict[tuple[str, ...], frozenset[object]] = {}
    for clause in program.clauses:
        for one in clause.equalities:
            before = wanted.get(one.keys)
            wanted[one.keys] = values = one.values if before is None else before & one.values
            if not values:
                spot = clause.compiled.spot
                message = f"{'.'.join(one.keys)} cannot be this as well as what stands before, so the rule never fires"
                hint = 'to allow several values write `in ["a", "b"]`, or || between them'
                yield Finding(code="ATT180", severity=Severity.WARNING, message=message, start=spot.start, end=spot.end, hint=hint)
                return


def _never(checked: Checked) -> Iterator[Finding]:
    """Yield the clauses without which the condition could hold, unless another finding says why already."""
    for clause in checked.program.clauses if checked.program is not None else ():
        spot = clause.compiled.spot
        said = any(found.start < spot.end and spot.start < found.end for found in checked.findings)
        if clause.always is False and not said:
            message = "this is always false, so the rule never fires"
            hint = "remove the clause, or switch the rule off with `enabled: false`"
            yield Finding(code="ATT180", severity=Severity.WARNING, message=message, start=spot.start, end=spot.end, hint=hint)
