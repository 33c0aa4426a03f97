"""A plan for programs: one JSON document with everything that the text says; keys are only added inside one `version`.

Called by `attune plan --json`.
"""

from attune_cli.comparing import Compared, RevisionName
from attune_cli.render.output import show_json
from attune_cli.render.plan_words import summary
from attune_core.effects.effect import Effect
from attune_core.effects.forecast import Counts, Forecast, Group, Turn
from attune_core.effects.tally import Tally
from attune_core.ports import rfc3339
from attune_core.rule_tests.comparing import Difference
from attune_core.rules.recorded import RecordedEvent
from attune_core.values import JsonObject, JsonValue, parse_json

#: `version` of the document.
PLAN_VERSION = 1


def write_plan_json(compared: Compared) -> None:
    """Print the document."""
    show_json(plan_document(compared))


def plan_document(compared: Compared) -> JsonObject:
    """Return the whole plan."""
    forecast = compared.forecast
    return {
        "version": PLAN_VERSION,
        "base": _revision(compared.base),
        "head": _revision(compared.head),
        "summary": summary(compared),
        "differs": forecast.differs(),
        "events": _events(compared.source, forecast),
        "totals": {kind.value: count for kind, count in forecast.totals().items()},
        "groups": [_group(forecast, group) for group in forecast.groups()],
        "deliverability": [_turn(turn) for turn in forecast.turns()],
        "rules": [{"rule": one.rule, "base": _counts(one.base), "head": _counts(one.head)} for one in forecast.shifts()],
    }


def _revision(name: RevisionName) -> JsonValue:
    return {"revision": name.named, "commit": name.commit}


def _events(source: str, forecast: Forecast) -> JsonValue:
    return {
        "source": source,
        "count": forecast.events,
        "first": rfc3339(forecast.first_at) if forecast.events else None,
        "last": rfc3339(forecast.last_at) if forecast.events else None,
        "undeliverable_under_both": forecast.undeliverable,
        "triggers_without_events": [*forecast.unseen()],
    }


def _group(forecast: Forecast, group: Group) -> JsonValue:
    return {
        "kind": group.kind.value,
        "rule": group.rule,
        "action": group.action,
        "count": group.count,
        "of_events": forecast.events_of(group.rule),
        "reasons": _tally(group.reasons),
        "fields": _tally(group.fields),
        "examples": [{"event": _event(one.event), **_effect(one.effect)} for one in group.examples],
    }


def _turn(turn: Turn) -> JsonValue:
    return {
        "type": turn.type,
        "becomes": "deliverable" if turn.deliverable else "undeliverable",
        "count": turn.count,
        "reasons": _tally(turn.reasons),
        "examples": [_event(event) for event in turn.examples],
    }


def _tally(tally: Tally) -> JsonValue:
    return {"counts": [{"text": text, "count": count} for text, count in tally.ordered()], "others": tally.others}


def _event(event: RecordedEvent) -> JsonValue:
    return {
        "position": event.position,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "received_at": rfc3339(event.received_at),
    }


def _effect(effect: Effect) -> JsonObject:
    return {
        "execution": effect.execution,
        "reason": None if effect.reason is None else {"text": effect.reason.text, "detail": effect.reason.detail},
        "differences": [_difference(one) for one in effect.differences],
    }


def _difference(one: Difference) -> JsonValue:
    found: JsonObject = {"place": [*one.place]}
    sides = {"base": one.expected, "head": one.actual}
    return found | {name: parse_json(text.encode()) for name, text in sides.items() if text}


def _counts(counts: Counts) -> JsonValue:
    return {**counts.by_word()}
