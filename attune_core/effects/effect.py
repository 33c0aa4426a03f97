"""Effect: what a change of the repository does to the execution that one rule gives for one recorded event; pure.

Called by `forecast` for each event and rule with what the replays of base and head say; nothing is kept here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from attune_core.catalog.catalog import Catalog
from attune_core.rule_tests.comparing import Difference, compare, execution_of
from attune_core.rules.ending import Lapse, Lapsed, Outcome
from attune_core.rules.firing import Failed, Fired, Firing, Rejected, Throttled, Unheld, Waits
from attune_core.rules.replay import Replayed
from attune_core.values import JsonObject, parse_json

_LAPSES: Mapping[Lapse, str] = {
    Lapse.TOO_FEW: "too few events came within its window",
    Lapse.ANSWERED: "what it waited for came",
    Lapse.CONDITION: "its condition does not hold for the events together",
}


class Kind(StrEnum):
    """What becomes of an execution."""

    VANISH = "vanish"
    CHANGE = "change"
    APPEAR = "appear"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a rule gives no execution for an event on one of the two sides; `detail` is about this event alone."""

    text: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One execution that is not the same under head. `reason` is set unless it changes: why the other side has none."""

    kind: Kind
    rule: str  # empty: a manual run
    action: str
    execution: JsonObject  # of head; of base where it vanishes
    differences: tuple[Difference, ...] = ()
    reason: Reason | None = None


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A rule's throttle let an event wait in a group, which stands for another of its events."""

    rule: str


#: What became of a rule for an event in the end.
Decision: TypeAlias = Firing | Outcome | Joined


_HELD_BACK: Mapping[type[Decision], str] = {
    Throttled: "it is throttled",
    Joined: "another event of its group is the one that it fires for",
    Waits: "its throttle lets the event wait, and the events end before",
    Unheld: "its throttle has as many keys as it can have",
}


@dataclass(frozen=True)
class Side:
    """One event under one of the two revisions."""

    catalog: Catalog
    replayed: Replayed

    def by_rule(self) -> Mapping[str, Firing]:
        """Return what became of each rule that matched; a rule fires at most once for an event."""
        return {one.rule: one for one in self.replayed.firings}


def effect_of(rule: str, base: Side, old: Decision | None, head: Side, new: Decision | None) -> Effect | None:
    """Return what differs in the execution that a rule gives for an event, None if nothing does."""
    if isinstance(old, Fired) and isinstance(new, Fired):
        differences = tuple(compare(_execution(old), _execution(new), ()))
        if not differences:
            return None
        return Effect(kind=Kind.CHANGE, rule=rule, action=new.action.ref, execution=_execution(new), differences=differences)
    if isinstance(old, Fired):
        reason = _reason(head, rule, new)
        return Effect(kind=Kind.VANISH, rule=rule, action=old.action.ref, execution=_execution(old), reason=reason)
    if isinstance(new, Fired):
        reason = _reason(base, rule, old)
        return Effect(kind=Kind.APPEAR, rule=rule, action=new.action.ref, execution=_execution(new), reason=reason)
    return None


def _execution(fired: Fired) -> JsonObject:
    rate_key: JsonObject = {"rate_key": parse_json(fired.filled.rate_key.encode())} if fired.filled.rate_key else {}
    return {**execution_of(fired), **rate_key, "pick": fired.pick}


def _reason(side: Side, rule: str, firing: Decision | None) -> Reason:
    """Say why a rule gives nothing on a side, first what stands for all events, then what is about this one."""
    if side.replayed.undeliverable:
        return Reason(text="the event is undeliverable", detail=side.replayed.undeliverable)
    return _reason_of_silence(side, rule) if firing is None else _reason_of(firing)


def _reason_of(firing: Decision) -> Reason:
    """Say why a rule that matched gives nothing."""
    match firing:
        case Lapsed(why=why, detail=detail):
            return Reason(text=_LAPSES.get(why, "its group of events gave nothing"), detail=detail)
        case Rejected(error=error):
            return Reason(text="its input does not fit the parameters", detail=error)
        case Failed(error=error):
            return Reason(text="its condition fails with an error", detail=error)
        case _:
            return Reason(text=_HELD_BACK[type(firing)])


def _reason_of_silence(side: Side, ref: str) -> Reason:
    rule = side.catalog.rules.get(ref)
    if rule is None:
        return Reason(text="there is no such rule")
    if not rule.enabled:
        return Reason(text="it is disabled")
    if rule.trigger != side.replayed.event.type:
        return Reason(text=f"it is on the trigger {rule.trigger}")
    clause = side.replayed.first_untrue(rule)
    if clause is None:
        return Reason(text="its condition does not hold")
    return Reason(text=f"its condition does not hold: {' '.join(clause.source.split())}", detail=clause.error)
