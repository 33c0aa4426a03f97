"""Trial: one rule and one event, with everything that leads to firing or not; pure.

Called by `attune rule test`; what fires is decided by the same code as in production.
"""

import math
from dataclasses import dataclass, replace

from attune_core.catalog.catalog import Catalog, Rule
from attune_core.rule_tests.comparing import execution_of
from attune_core.rules.clause_fields import FieldValue, fields_of
from attune_core.rules.clauses import Clause, clauses_of
from attune_core.rules.ending import Lapsed, Outcome
from attune_core.rules.filling import InputInvalid, fill
from attune_core.rules.firing import Fired, Firing
from attune_core.rules.recorded import RecordedEvent
from attune_core.rules.replay import Replay
from attune_core.rules.throttling import key_of
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
    waits: float = 0.0  # how long after the event it fires, if nothing else happens; seconds


def try_rule(rule: Rule, event: RecordedEvent, catalog: Catalog) -> Trial:
    """Let one event happen and look at one rule."""
    replay = Replay(catalog)
    replayed = replay.take(event)
    late = next((one for one in (*replayed.late, *replay.advance(math.inf)) if one.outcome.rule == rule.ref), None)
    at_once = next((one for one in replayed.firings if one.rule == rule.ref), None)
    given = late.outcome if late is not None else at_once
    fires = isinstance(given, Fired)
    clauses = tuple(_tried(one, replayed.activation) for one in _clauses(rule, replayed.activation))
    execution, key, error = _would_give(rule, catalog, replayed.activation)
    reason = "" if fires else _reason(rule, event, replayed.undeliverable, clauses) or _detail(given) or error
    return Trial(
        rule=rule,
        fires=fires,
        reason=reason,
        clauses=clauses,
        execution=execution,
        execution_error=error,
        throttle_key=key,
        waits=late.ended.at - event.received_at if late is not None and fires else 0.0,
    )


def _would_give(rule: Rule, catalog: Catalog, activation: JsonObject) -> tuple[JsonObject | None, str | None, str]:
    """Return the execution, the key of the throttle, and why there is none of them."""
    try:
        action = catalog.actions[rule.action]
        filled = fill(rule, action, _alone(rule, activation))
        execution = execution_of(Fired(rule=rule.ref, action=action, filled=filled, pick=rule.pick))
        return execution, None if rule.throttle is None else key_of(rule.throttle.key, activation), ""
    except InputInvalid as invalid:
        return None, None, invalid.message


def _alone(rule: Rule, activation: JsonObject) -> JsonObject:
    """Return the variables of a group that has this event alone."""
    return {**activation, "events": [activation["event"]]} if rule.uses_events else activation


def _clauses(rule: Rule, activation: JsonObject) -> tuple[Clause, ...]:
    late = replace(rule, when=rule.when_ended)
    return (*clauses_of(rule, activation), *clauses_of(late, _alone(rule, activation)))


def _tried(clause: Clause, activation: JsonObject) -> TriedClause:
    return TriedClause(clause=clause, fields=fields_of(clause.source, activation))


def _detail(given: Firing | Outcome | None) -> str:
    return given.detail if isinstance(given, Lapsed) else ""


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
