"""Course: what the events of one case do under a catalog, and why a rule did not fire for one of them; pure.

Made by `judging` for each case.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from attune_core.catalog.catalog import Catalog, Rule
from attune_core.models.rule_test import Case
from attune_core.moments import parse_rfc3339
from attune_core.rule_tests.comparing import Happened
from attune_core.rule_tests.groups import GATHERED, WAITING, Waiting
from attune_core.rules.clause_fields import FieldValue, fields_of
from attune_core.rules.completions import heard_as, whole_data
from attune_core.rules.ending import Lapse, Lapsed
from attune_core.rules.firing import Failed, Fired, Firing, Rejected, Throttled, Unheld, Waits
from attune_core.rules.recorded import RecordedEvent
from attune_core.rules.replay import Late, Replay, Replayed

#: The moment of a case's first event unless it says another.
START = parse_rfc3339("2026-01-01T00:00:00Z")
#: Why a rule does not fire besides a clause of its condition, and besides what becomes of a group.
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
        """Let the events happen in their order, and time pass after them."""
        replay = Replay(catalog)
        self._catalog, self._waiting = catalog, Waiting()
        self._events: dict[int, Replayed] = {}
        for number, event in enumerate(given_events(case), 1):
            self._events[number] = replayed = replay.take(event)
            self._waiting.take(number, replayed)
        if case.advance is not None:
            self._waiting.pass_time(replay.advance(self._events[len(self._events)].event.received_at + case.advance))

    @property
    def numbers(self) -> range:
        """Return the numbers of the events."""
        return range(1, len(self._events) + 1)

    def rules(self) -> list[str]:
        """Return the rules that fired or were refused their input, each once, in the order of their references."""
        at_once = {one.rule for happened in self._events.values() for one in happened.firings if isinstance(one, Fired | Rejected)}
        return sorted(at_once | {one.outcome.rule for one in self._waiting.late if isinstance(one.outcome, Fired | Rejected)})

    def fired(self, rule: str) -> Mapping[int, Fired]:
        """Return a rule's firings by the event's number."""
        found = {number: one for number, happened in self._events.items() if isinstance(one := _of(happened, rule), Fired)}
        late = ((one.number, one.outcome) for one in self._waiting.late if one.outcome.rule == rule)
        return dict(sorted((found | {number: one for number, one in late if isinstance(one, Fired)}).items()))

    def happened(self, rule: str, number: int) -> Happened:
        """Return a rule's firing for an event, with its times."""
        late = next((one for one in self._waiting.late if (one.number, one.outcome.rule) == (number, rule)), None)
        received_at = self._events[number].event.received_at
        fired_at = received_at if late is None else late.ended.at
        return Happened(fired=self.fired(rule)[number], received_at=received_at, fired_at=fired_at)

    def rejected(self, rule: str) -> list[int]:
        """Return the events that a rule matches, and whose data do not fit its action's parameters."""
        at_once = [number for number, happened in self._events.items() if isinstance(_of(happened, rule), Rejected)]
        late = [one.number for one in self._waiting.late if one.outcome.rule == rule and isinstance(one.outcome, Rejected)]
        return sorted(at_once + late)

    def quiet(self, ref: str, number: int) -> Quiet:
        """Return why a rule does not fire for an event for which it does not."""
        rule, happened = self._catalog.rules[ref], self._events[number]
        if rule.trigger not in heard_as(happened.event.type, happened.event.data):
            return Quiet(because=OTHER_TRIGGER, detail=f"the rule's trigger is `{rule.trigger}`, this is a `{happened.event.type}`")
        if not rule.enabled:
            return Quiet(because=DISABLED, detail="the rule is not enabled")
        firing = _of(happened, ref)
        return self._of_group(rule, number) if isinstance(firing, Waits) else _of_firing(rule, happened, firing)

    def _of_group(self, rule: Rule, number: int) -> Quiet:
        """Say what became of the group that an event waited in."""
        late = self._waiting.group_of(rule.ref, number)
        if late is None:
            return Quiet(because=WAITING, detail="its throttle lets the event wait, and the case ends before; `advance` lets time pass")
        if isinstance(late.outcome, Lapsed):
            return self._of_lapse(late, late.outcome)
        if late.number != number:
            return Quiet(because=GATHERED, detail=f"event {late.number} is the last of its group, for which the rule is asked")
        match late.outcome:
            case Rejected(error=error):
                return Quiet(because=INPUT_INVALID, detail=error)
            case Failed(error=error):
                return Quiet(because=rule.when_ended.source if rule.when_ended is not None else "", detail=error)
            case _:
                raise AssertionError("it fired for this event")

    def _of_lapse(self, late: Late, lapsed: Lapsed) -> Quiet:
        if lapsed.why is Lapse.CONDITION:
            return Quiet(because=lapsed.detail, fields=fields_of(lapsed.detail, self._events[late.number].activation))
        return Quiet(because=lapsed.why.value, detail=lapsed.detail)


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


def _of_firing(rule: Rule, happened: Replayed, firing: Firing | None) -> Quiet:
    match firing:
        case Throttled():
            return Quiet(because=THROTTLED, detail="its throttle admits one firing within a window")
        case Rejected(error=error):
            return Quiet(because=INPUT_INVALID, detail=error)
        case Unheld():
            return Quiet(because=WAITING, detail="its throttle has as many keys as it can have")
        case _:
            return _clause(rule, happened)


def _clause(rule: Rule, happened: Replayed) -> Quiet:
    clause = happened.first_untrue(rule)
    if clause is None:  # each part can be evaluated, and all of them together take too many steps
        failed = _of(happened, rule.ref)
        whole = rule.when.source if rule.when is not None else ""
        return Quiet(because=whole, detail=failed.error if isinstance(failed, Failed) else "")
    return Quiet(because=clause.source, detail=clause.error, fields=fields_of(clause.source, happened.activation))
