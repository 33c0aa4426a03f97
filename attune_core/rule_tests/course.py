"""Course: what the rules make of the events of one case, by the same code as in production; pure.

Made by `judging` for each case.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from attune_core.catalog.catalog import Catalog, Rule
from attune_core.models.rule_test import Case
from attune_core.moments import parse_rfc3339
from attune_core.rules.clause_fields import FieldValue, fields_of
from attune_core.rules.completions import heard_as, whole_data
from attune_core.rules.firing import Failed, Fired, Firing, Rejected, Throttled
from attune_core.rules.recorded import RecordedEvent
from attune_core.rules.replay import Replay, Replayed

#: The moment of a case's first event unless it says another.
START = parse_rfc3339("2026-01-01T00:00:00Z")
#: Why a rule does not fire besides a clause of its condition.
THROTTLED, INPUT_INVALID, DISABLED, OTHER_TRIGGER = "throttled", "input_invalid", "disabled", "other_trigger"


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """Why a rule does not fire for an event: a clause with what stands in its fields, or one of the words above."""

    because: str
    detail: str = ""
    fields: tuple[FieldValue, ...] = ()


class Course:
    """One case under one catalog. Events are counted from 1."""

    def __init__(self, catalog: Catalog, case: Case) -> None:
        """Let the events happen in their order."""
        replay = Replay(catalog)
        self._catalog = catalog
        self._events = {number: replay.take(event) for number, event in enumerate(given_events(case), 1)}

    @property
    def numbers(self) -> range:
        """Return the numbers of the events."""
        return range(1, len(self._events) + 1)

    def rules(self) -> list[str]:
        """Return the rules that fired or were refused their input, each once, in the order of their references."""
        return sorted({one.rule for happened in self._events.values() for one in happened.firings if isinstance(one, Fired | Rejected)})

    def fired(self, rule: str) -> Mapping[int, Fired]:
        """Return a rule's firings by the event's number."""
        found = ((number, _of(happened, rule)) for number, happened in self._events.items())
        return {number: one for number, one in found if isinstance(one, Fired)}

    def rejected(self, rule: str) -> list[int]:
        """Return the events that a rule matches, and whose data do not fit its action's parameters."""
        return [number for number, happened in self._events.items() if isinstance(_of(happened, rule), Rejected)]

    def quiet(self, ref: str, number: int) -> Quiet:
        """Return why a rule does not fire for an event for which it does not."""
        rule, happened = self._catalog.rules[ref], self._events[number]
        if rule.trigger not in heard_as(happened.event.type, happened.event.data):
            return Quiet(because=OTHER_TRIGGER, detail=f"the rule's trigger is `{rule.trigger}`, this is a `{happened.event.type}`")
        if not rule.enabled:
            return Quiet(because=DISABLED, detail="the rule is not enabled")
        match _of(happened, ref):
            case Throttled():
                return Quiet(because=THROTTLED, detail="its throttle admits one firing within a window")
            case Rejected(error=error):
                return Quiet(because=INPUT_INVALID, detail=error)
            case _:
                return _clause(rule, happened)


def given_events(case: Case) -> list[RecordedEvent]:
    """Return the events of a case as a controller would receive them, each at its moment."""
    at, found = START, []
    for number, event in enumerate(case.events, 1):
        at = event.at if event.at is not None else at + (event.after or 0)
        found.append(
            RecordedEvent(
                id=event.id or f"event-{number}",
                source=event.source or "attune:test",
                type=event.trigger,
                subject=event.subject or "",
                time=at,
                received_at=at,
                data=whole_data(event.trigger, event.data),
            )
        )
    return found


def _of(happened: Replayed, rule: str) -> Firing | None:
    return next((one for one in happened.firings if one.rule == rule), None)


def _clause(rule: Rule, happened: Replayed) -> Quiet:
    clause = happened.first_untrue(rule)
    if clause is None:  # each part can be evaluated, and all of them together take too many steps
        failed = _of(happened, rule.ref)
        whole = rule.when.source if rule.when is not None else ""
        return Quiet(because=whole, detail=failed.error if isinstance(failed, Failed) else "")
    return Quiet(because=clause.source, detail=clause.error, fields=fields_of(clause.source, happened.activation))
