"""Trial: one rule and one event, with everything that leads to firing or not; pure.

Called by `attune rule test`; what fires is decided by the same code as in production.
"""

from dataclasses import dataclass

from attune_core.catalog.catalog import Catalog, Rule
from attune_core.rule_tests.comparing import execution_of
from attune_core.rules.clause_fields import FieldValue, fields_of
from attune_core.rules.clauses import Clause, clauses_of
from attune_core.rules.filling import InputInvalid, fill
from attune_core.rules.firing import Fired
from attune_core.rules.recorded import RecordedEvent
from attune_core.rules.replay import Replay
from attune_core.rules.throttling import window_of
from attune_core.values import JsonObject


@dataclass(frozen=True, kw_only=True)
class TriedClause:
    """One clause of the condition, what it gave, and what stands in the fields that it names."""

    clause: Clause
    fields: tuple[FieldValue, ...]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What became of it. `reason` says why the rule does not fire; `execution` is what it gives, or would give if it fired."""

    rule: Rule
    fires: bool
    reason: str
    clauses: tuple[TriedClause, ...]
    execution: JsonObject | None
    execution_error: str
    throttle_key: str | None  # canonical JSON, None without a throttle


def try_rule(rule: Rule, event: RecordedEvent, catalog: Catalog) -> Trial:
    """Let one event happen and look at one rule."""
    replayed = Replay(catalog).take(event)
    fires = any(isinstance(one, Fired) and one.rule == rule.ref for one in replayed.firings)
    clauses = tuple(
        TriedClause(clause=one, fields=fields_of(one.source, replayed.activation)) for one in clauses_of(rule, replayed.activation)
    )
    execution: JsonObject | None = None
    key, error = None, ""
    try:
        action = catalog.actions[rule.action]
        filled = fill(rule, action, replayed.activation)
        execution = execution_of(Fired(rule=rule.ref, action=action, filled=filled, pick=rule.pick))
        window = window_of(rule, replayed.activation)
        key = window.key[1] if window is not None else None
    except InputInvalid as invalid:
        error = invalid.message
    reason = "" if fires else _reason(rule, event, replayed.undeliverable, clauses) or error
    return Trial(rule=rule, fires=fires, reason=reason, clauses=clauses, execution=execution, execution_error=error, throttle_key=key)


def _reason(rule: Rule, event: RecordedEvent, undeliverable: str, clauses: tuple[TriedClause, ...]) -> str:
    if event.type != rule.trigger:
        return f"its trigger is {rule.trigger}, this is a {event.type}"
    if undeliverable:
        return undeliverable
    if not rule.enabled:
        return "it is not enabled"
    if any(not one.clause.holds for one in clauses):
        return "its condition does not hold"
    return ""
