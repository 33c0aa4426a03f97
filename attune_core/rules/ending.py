"""Ending: what a group that has ended gives under a catalog: one firing for all of its events, or nothing, and why; pure.

Called by the controller's planning and by `replay` with the events that are kept of the group.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from attune_core.catalog.catalog import Action, Catalog, Rule
from attune_core.expressions.errors import ExpressionFailed
from attune_core.rules.filling import InputInvalid, fill
from attune_core.rules.firing import Failed, Fired, Rejected
from attune_core.rules.groups import Ended, Why
from attune_core.rules.matching import Occurrence
from attune_core.values import JsonObject, JsonValue


class Lapse(StrEnum):
    """Why a group gave nothing."""

    TOO_FEW = "too_few"
    ANSWERED = "answered"
    CONDITION = "condition"
    RULE_CHANGED = "rule_changed"
    RULE_REMOVED = "rule_removed"
    RULE_DISABLED = "rule_disabled"
    EVENT_FORGOTTEN = "event_forgotten"
    RESTORED = "restored"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True, kw_only=True)
class Lapsed:
    """A group ended with nothing; `detail` says it to people, and is the clause where its condition did not hold."""

    rule: str
    why: Lapse
    detail: str


#: What becomes of a group.
Outcome: TypeAlias = Fired | Rejected | Failed | Lapsed


def what_of(ended: Ended, catalog: Catalog, events: Mapping[int, Occurrence]) -> Outcome:
    """Return what a group gives; `events` are those of its members that are still there, by position."""
    ref = ended.group.key[0]
    rule = catalog.rules.get(ref)
    if rule is None:
        return Lapsed(rule=ref, why=Lapse.RULE_REMOVED, detail="there is no such rule any more")
    if lapse := _lapse(ended, rule):
        return Lapsed(rule=ref, why=lapse[0], detail=lapse[1])
    if ended.group.last not in events:
        return Lapsed(rule=ref, why=Lapse.EVENT_FORGOTTEN, detail=f"event {ended.group.last} is not kept any more")
    return _fired(rule, catalog.actions[rule.action], activation_of(ended, rule, events))


def _lapse(ended: Ended, rule: Rule) -> tuple[Lapse, str] | None:
    """Return why a group gives nothing whatever is in it."""
    group, throttle = ended.group, rule.throttle
    if ended.why is Why.ANSWERED:
        return Lapse.ANSWERED, f"event {ended.by} is what it waited for"
    if throttle is None or throttle.terms != group.terms:
        return Lapse.RULE_CHANGED, "its throttle says something else by now"
    if not rule.enabled:
        return Lapse.RULE_DISABLED, "the rule is disabled by now"
    if group.count < throttle.at_least:
        return Lapse.TOO_FEW, f"{group.count} of at least {throttle.at_least} events came"
    return None


def activation_of(ended: Ended, rule: Rule, events: Mapping[int, Occurrence]) -> JsonObject:
    """Return the variables of a rule's input and of the late part of its condition."""
    last = events[ended.group.last].activation()
    if not rule.uses_events:
        return last
    members = [events[one.position] for one in ended.group.members if one.position in events]
    several: list[JsonValue] = [one.activation()["event"] for one in members]
    return {**last, "events": several}


def _fired(rule: Rule, action: Action, activation: JsonObject) -> Outcome:
    for clause in rule.when_ended.clauses if rule.when_ended is not None else ():
        try:
            holds = clause.evaluate(activation) is True
        except ExpressionFailed as failed:
            return Failed(rule=rule.ref, error=f"{rule.ref}: {failed.message}")
        if not holds:
            return Lapsed(rule=rule.ref, why=Lapse.CONDITION, detail=clause.source)
    try:
        return Fired(rule=rule.ref, action=action, filled=fill(rule, action, activation), pick=rule.pick)
    except InputInvalid as error:
        return Rejected(rule=rule.ref, action=action, error=f"{rule.path}: {error.message}")
