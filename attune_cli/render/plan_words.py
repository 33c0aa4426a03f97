"""The sentences of a plan, which its text and its Markdown have in common; plain text, still to be made safe by who prints it.

Called by `plan` and `plan_markdown`.
"""

from collections.abc import Sequence

from attune_cli.comparing import Compared
from attune_core.effects.effect import Effect, Kind
from attune_core.effects.forecast import Forecast, Group, Turn, place_text
from attune_core.effects.tally import Tally
from attune_core.ports import rfc3339
from attune_core.rule_tests.comparing import Difference
from attune_core.rules.recorded import RecordedEvent
from attune_core.values import JsonObject, canonical_json

#: Characters of one value, differences of one execution, and names of triggers that are shown.
VALUE, DIFFERENCES, NAMES = 200, 10, 10
SIGNS = {Kind.VANISH: "-", Kind.CHANGE: "~", Kind.APPEAR: "+"}


def counted(number: int, noun: str) -> str:
    """Return `1 event`, `1,024 events`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def span_of(forecast: Forecast) -> str:
    """Return from when to when the events were received."""
    return f", received from {rfc3339(forecast.first_at)} to {rfc3339(forecast.last_at)}" if forecast.events else ""


def summary(compared: Compared) -> str:
    """Return what differs in one sentence; plainly, when nothing does."""
    forecast = compared.forecast
    totals = forecast.totals()
    turned = {word: forecast.turned(deliverable=word == "deliverable") for word in ("deliverable", "undeliverable")}
    parts = [
        *(f"{counted(totals[kind], 'execution')} {_verb(kind.value, totals[kind])}" for kind in reversed(Kind) if totals[kind]),
        *(f"{counted(count, 'event')} {_verb('become', count)} {word}" for word, count in turned.items() if count),
    ]
    if parts:
        return ", ".join(parts)
    if forecast.differs():
        return "no execution changes, but the counts of rules do"
    if not forecast.events:
        return "nothing was compared, because there are no events"
    return f"nothing changes: {counted(forecast.events, 'event')} give the same under both revisions"


def unseen(forecast: Forecast) -> str:
    """Return which triggers had no event, so that silence about their rules is not taken for more; empty when all had one."""
    found = forecast.unseen()
    more = f" and {len(found) - NAMES} more" if len(found) > NAMES else ""
    return f"there was no event of {', '.join(found[:NAMES])}{more}" if found else ""


def _verb(word: str, count: int) -> str:
    if count != 1:
        return word
    return f"{word}es" if word.endswith("sh") else f"{word}s"


def headline(forecast: Forecast, group: Group) -> str:
    """Return what happens to a group of executions, and of how many events."""
    events = counted(forecast.events_of(group.rule), "event")
    return f"{SIGNS[group.kind]} {counted(group.count, 'execution')} {_verb(group.kind.value, group.count)}, of {events}"


def title(group: Group) -> str:
    """Return the rule and the action."""
    return f"{group.rule} → {group.action}" if group.rule else f"manual runs of {group.action}"


def why(group: Group) -> Sequence[tuple[str, int]]:
    """Return the reasons or the changed fields of a group with their counts, the most frequent first."""
    prefix = "before: " if group.kind is Kind.APPEAR else ""
    found = group.fields if group.kind is Kind.CHANGE else group.reasons
    return tallied(found, prefix)


def tallied(tally: Tally, prefix: str = "") -> Sequence[tuple[str, int]]:
    """Return texts with their counts, and in the end how many more there were."""
    rows = [(f"{prefix}{text}", count) for text, count in tally.ordered()]
    return [*rows, *([("others", tally.others)] if tally.others else [])]


def turn_line(turn: Turn) -> str:
    """Return what happens to the events of one type."""
    return f"{counted(turn.count, 'event')} of {turn.type} {_verb('become', turn.count)} {'' if turn.deliverable else 'un'}deliverable"


def event_name(event: RecordedEvent) -> str:
    """Return how people find an event again."""
    name = f"event {event.position}" if event.position is not None else f"event {event.id} of {event.source}"
    return f"{name}, {rfc3339(event.received_at)}"


def effect_lines(effect: Effect) -> Sequence[str]:
    """Return what an example shows of an execution: what it is, or field by field what differs."""
    if effect.reason is not None:
        before = "before: " if effect.kind is Kind.APPEAR else ""
        detail = f" ({effect.reason.detail})" if effect.reason.detail else ""
        return [_clip(f"{before}{effect.reason.text}{detail}"), _clip(_execution(effect.execution))]
    lines = [_difference(one) for one in effect.differences[:DIFFERENCES]]
    more = len(effect.differences) - DIFFERENCES
    return [*lines, *([f"and {counted(more, 'field')} more"] if more > 0 else [])]


def _difference(one: Difference) -> str:
    return f"{place_text(one.place)}: {_clip(one.expected) or '(nothing)'} → {_clip(one.actual) or '(nothing)'}"


def _execution(execution: JsonObject) -> str:
    parts = [f"input {canonical_json(execution['input'])}", f"agents {canonical_json(execution['agents'])}"]
    if execution["pick"] != "any":
        parts.append(f"on {execution['pick']} of them")
    if execution["key"] is not None:
        parts.append(f"key {canonical_json(execution['key'])}")
    return ", ".join(parts)


def _clip(text: str) -> str:
    return text if len(text) <= VALUE else f"{text[:VALUE]}…"
