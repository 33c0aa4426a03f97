"""Checking rules: trigger and action exist, the condition and every expression fit the event's type; what passes becomes a Rule.

Called by `load` after triggers and actions; `check_inputs` looks at what the action gets.
"""

from collections.abc import Iterable, Mapping

from attune_core.catalog.catalog import Rule
from attune_core.catalog.check_conditions import check_condition, has_events
from attune_core.catalog.check_inputs import Inputs, check_inputs
from attune_core.catalog.check_selectors import check_selector
from attune_core.catalog.check_throttles import check_throttle
from attune_core.catalog.check_triggers import COMPLETED
from attune_core.catalog.layout import declared, declared_triggers
from attune_core.catalog.reading import Read, Reading
from attune_core.catalog.scopes import EVENTS, event_scope
from attune_core.expressions.naming import value_names
from attune_core.expressions.suggestion import suggestion
from attune_core.expressions.types import DYN
from attune_core.internal_events import INTERNAL_EVENTS
from attune_core.models.rule import RuleDocument


def check_rules(reading: Reading) -> dict[str, Rule]:
    """Check every rule that could be read; the records are complete only if there is no error at all."""
    triggers, actions = declared_triggers(reading.layout), declared(reading.layout, "action")
    others = dict.fromkeys([*(f"{ref}.{COMPLETED}" for ref in actions), *INTERNAL_EVENTS])
    found: dict[str, Rule] = {}
    for ref, rule in reading.rules.items():
        if rule.model.trigger not in triggers and rule.model.trigger not in others:
            _missing(reading, rule, "trigger", rule.model.trigger, [*triggers, *others])
        if rule.model.action not in actions:
            _missing(reading, rule, "action", rule.model.action, actions)
        found[ref] = _check(reading, rule, {**dict.fromkeys(triggers), **others})
    return found


def _missing(reading: Reading, rule: Read[RuleDocument], kind: str, ref: str, known: Iterable[str]) -> None:
    code = "ATT150" if kind == "trigger" else "ATT151"
    reading.findings.at(code, f"there is no {kind} `{ref}`", rule.document, (kind,), hint=suggestion(ref, known))


def _check(reading: Reading, rule: Read[RuleDocument], triggers: Mapping[str, object]) -> Rule:
    data = reading.data_types.get(rule.model.trigger, DYN)
    events = has_events(rule.model)
    when = check_condition(reading, rule, data, events=events)
    action = reading.actions.get(rule.model.action)
    scope = event_scope(data, when.implied)
    inputs = check_inputs(reading, rule, action, event_scope(data, when.implied, events=events)) if action is not None else Inputs()
    uses_events = when.ended is not None or any(value_names(value, EVENTS) for value in inputs.values.values())
    return Rule(
        ref=rule.ref,
        path=rule.document.path,
        span=rule.document.span(("trigger",), of="key"),
        description=rule.model.description,
        enabled=rule.model.enabled,
        trigger=rule.model.trigger,
        action=rule.model.action,
        when=when.program,
        when_ended=when.ended,
        uses_events=uses_events,
        inputs=inputs.values,
        secrets=inputs.secrets,
        match=check_selector(reading, rule, scope),
        pick=rule.model.agents.pick,
        throttle=check_throttle(reading, rule, scope, triggers, uses_events=uses_events),
    )
