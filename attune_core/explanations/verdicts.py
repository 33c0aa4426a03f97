"""What became of each rule on an event's trigger, by one catalog and by what is stored of the event; pure.

Called by the controller's `explaining`, which adds who took a throttle's place; the same `firing` as in planning says who matches.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from attune_core.catalog.catalog import Catalog, Rule
from attune_core.explanations.wording import one_line, value_text
from attune_core.moments import parse_rfc3339
from attune_core.ports import rfc3339
from attune_core.rules.clause_fields import FieldValue, fields_of
from attune_core.rules.clauses import clauses_of, first_untrue
from attune_core.rules.completions import heard_as
from attune_core.rules.filling import InputInvalid
from attune_core.rules.firing import Failed, Fired, Firing, fire
from attune_core.rules.throttling import window_of
from attune_core.states import Reason
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.explanations import Cause, ClauseView, ExecutionRef, FieldView, GroupView, RuleStanding, RuleVerdict, ThrottleView

#: Rules, executions of one rule, and fields of one clause that are shown.
RULES, EXECUTIONS, FIELDS = 20, 10, 10
_ORDER = (
    Cause.FIRED,
    Cause.REJECTED,
    Cause.CONDITION_FAILED,
    Cause.THROTTLED,
    Cause.WAITS,
    Cause.GATHERED,
    Cause.LAPSED,
    Cause.ANSWERED,
    Cause.UNKNOWN,
    Cause.NO_MATCH,
    Cause.DISABLED,
)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """An event as it was planned: its variables, the note that the planner left, and the executions that each rule gave.

    `groups` are those that it waits or waited in, by rule, and `answered` those that it ended because it was what they waited for.
    """

    type: str
    activation: JsonObject
    note: str
    executions: Mapping[str, Sequence[ExecutionRef]]
    groups: Mapping[str, GroupView] = field(default_factory=dict)
    answered: Mapping[str, GroupView] = field(default_factory=dict)
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """The verdicts, those that matter most first; `more` are left out, `candidates` counts the enabled rules."""

    rules: tuple[RuleVerdict, ...]
    more: int
    candidates: int


def verdicts_of(planned: Planned, catalog: Catalog, *, own: bool, live: Catalog | None) -> Verdicts:
    """Say it of each rule; `own`: it is the catalog by which the event was planned, so that a match without an execution was throttled."""
    firings = {one.rule: one for one in fire(planned.type, planned.activation, catalog)}
    heard = heard_as(planned.type, _data(planned.activation))
    on_trigger = sorted((rule for rule in catalog.rules.values() if rule.trigger in heard), key=lambda rule: rule.ref)
    found: list[tuple[Cause, int, str]] = []
    for rule in on_trigger:
        cause = _cause(rule, firings.get(rule.ref), planned, own=own)
        found.append((cause, _untrue(rule, planned.activation) if cause is Cause.NO_MATCH else 0, rule.ref))
    others = {*planned.executions, *planned.answered} - {rule.ref for rule in on_trigger} - {""}
    found += [(Cause.FIRED if ref in planned.executions else Cause.ANSWERED, 0, ref) for ref in others]
    found.sort(key=lambda one: (_ORDER.index(one[0]), *one[1:]))
    shown = [_verdict(cause, ref, catalog, planned, live) for cause, _, ref in found[:RULES]]
    return Verdicts(rules=tuple(shown), more=len(found) - len(shown), candidates=sum(rule.enabled for rule in on_trigger))


def near_triggers(event_type: str, catalog: Catalog) -> tuple[str, ...]:
    """Return triggers whose names are near, those with rules first."""
    event_type = event_type[:128]  # longer ones are near nothing, and would take long to compare
    with_rules = get_close_matches(event_type, catalog.rules_by_trigger, n=3)
    return tuple(with_rules or get_close_matches(event_type, (name for name in catalog.triggers if name != event_type), n=3))


def throttle_key(rule: Rule, activation: JsonObject) -> str:
    """Return the key of a rule's throttle for an event as canonical JSON, "" where there is none."""
    try:
        window = window_of(rule, activation)
    except InputInvalid:
        return ""
    return window.key[1] if window else ""


def _data(activation: JsonObject) -> JsonValue:
    event = activation["event"]
    return event["data"] if isinstance(event, dict) else None


def _untrue(rule: Rule, activation: JsonObject) -> int:
    """Count the clauses that do not hold: the rule that nearly matched is the one that people ask about."""
    return sum(not clause.holds for clause in clauses_of(rule, activation))


def _cause(rule: Rule, firing: Firing | None, planned: Planned, *, own: bool) -> Cause:
    if executions := planned.executions.get(rule.ref):
        rejected = all(one.reason is Reason.INPUT_INVALID for one in executions)
        return Cause.REJECTED if rejected else Cause.FIRED
    if not rule.enabled:
        return Cause.DISABLED
    if not own and _throttled_until(rule.ref, planned.note):
        return Cause.THROTTLED
    return _cause_in(group, planned.position) if (group := planned.groups.get(rule.ref)) else _cause_at_once(firing, own=own)


def _cause_at_once(firing: Firing | None, *, own: bool) -> Cause:
    if isinstance(firing, Failed):
        return Cause.CONDITION_FAILED
    if firing is None:
        return Cause.NO_MATCH
    return Cause.THROTTLED if own and isinstance(firing, Fired) and firing.throttle is not None else Cause.UNKNOWN


def _cause_in(group: GroupView, position: int) -> Cause:
    if not group.ended_at:
        return Cause.WAITS
    if group.outcome in ("fired", "rejected"):
        return Cause.GATHERED
    return Cause.CONDITION_FAILED if group.outcome == "failed" and group.last == position else Cause.LAPSED


def _verdict(cause: Cause, ref: str, catalog: Catalog, planned: Planned, live: Catalog | None) -> RuleVerdict:
    rule, executions = catalog.rules.get(ref), planned.executions.get(ref, ())
    plain = RuleVerdict(
        rule=ref,
        path=rule.path if rule else "",
        line=rule.span.line if rule else 0,
        cause=cause,
        standing=standing(ref, live),
        executions=tuple(executions[:EXECUTIONS]),
        more_executions=max(len(executions) - EXECUTIONS, 0),
    )
    if rule is None:
        return plain
    group = planned.answered.get(ref) if cause is Cause.ANSWERED else planned.groups.get(ref)
    more: dict[str, ClauseView | ThrottleView | GroupView | str | None] = {"group": group}
    if group is not None and cause is Cause.CONDITION_FAILED:
        more["detail"] = group.detail
    elif cause in (Cause.NO_MATCH, Cause.CONDITION_FAILED):
        more["clause"] = _clause(rule, planned.activation)
    elif cause is Cause.THROTTLED and rule.throttle is not None:
        until = _throttled_until(ref, planned.note)
        key = throttle_key(rule, planned.activation)
        more["throttle"] = ThrottleView(once_within=rule.throttle.within, key=one_line(key, 120), until=until)
    elif cause is Cause.REJECTED:
        more["detail"] = one_line(executions[0].detail)
    return plain.model_copy(update=more)


def standing(ref: str, live: Catalog | None) -> RuleStanding:
    """Say what a rule is in the active revision."""
    if live is None:
        return "unknown"
    rule = live.rules.get(ref)
    return "removed" if rule is None else "live" if rule.enabled else "disabled"


def _clause(rule: Rule, activation: JsonObject) -> ClauseView | None:
    clause = first_untrue(rule, activation)
    if clause is None:
        return None
    fields = [_field(one) for one in fields_of(clause.source, activation)[:FIELDS]]
    value = "" if clause.error else value_text(clause.value)
    return ClauseView(source=one_line(clause.source), value=value, error=one_line(clause.error), fields=tuple(fields))


def _field(field: FieldValue) -> FieldView:
    return FieldView(source=one_line(field.source, 120), value=value_text(field.value) if field.is_there else "", is_there=field.is_there)


def _throttled_until(ref: str, note: str) -> str:
    """Return until when a rule was throttled by the planner's note, "" for nothing; errors in the note may hold words of the event."""
    found = re.search(rf"(?:^|; ){re.escape(ref)}: throttled until ([0-9]{{4}}[0-9T:.-]{{,30}}Z)", note)
    try:
        return rfc3339(parse_rfc3339(found[1])) if found else ""
    except (ValueError, OverflowError):
        return ""
