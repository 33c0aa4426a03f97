"""Firing: which rules an event fires under a catalog, and what each gives or why not; pure.

Called by the controller's `drafting` and by `replay`, so that a rule does the same in production, in its tests and in a plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from attune_core.catalog.catalog import Action, Catalog, Rule
from attune_core.expressions.runtime.output import measure
from attune_core.rules.candidates import rules_for, rules_waiting_for
from attune_core.rules.filling import Filled, InputInvalid, complete_input, fill, filled
from attune_core.rules.gathering import Ask, Gathering
from attune_core.rules.groups import Ended, Group, Member
from attune_core.rules.matching import Occurrence, match
from attune_core.rules.requests import read_request
from attune_core.rules.throttling import Throttles, ThrottleWindow, key_of, window_of
from attune_core.values import JsonObject, JsonValue


@dataclass(frozen=True, kw_only=True)
class Fired:
    """A rule fired: what its execution gets, before there is an agent; `rule` is empty for a manual run."""

    rule: str
    action: Action
    filled: Filled
    pick: str
    throttle: ThrottleWindow | None = None  # asked by `throttled`


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A rule matched, but what the event gives does not fit: an execution that is rejected from the start."""

    rule: str
    action: Action
    error: str


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A rule's condition could not be evaluated; it does not fire, and says so."""

    rule: str
    error: str


@dataclass(frozen=True, kw_only=True)
class Throttled:
    """A rule matched, and its throttle dropped the firing; `until` is when the next one is admitted, seconds of the epoch."""

    rule: str
    until: float


@dataclass(frozen=True, kw_only=True)
class Asks:
    """A rule matched, and its throttle lets events wait; what becomes of this one is asked by `throttled`."""

    rule: str
    ask: Ask


@dataclass(frozen=True, kw_only=True)
class Waits:
    """An event waits in a group, which it may have been the last of: `full`. What comes of the group is said of its last event."""

    rule: str
    group: Group
    full: bool = False


@dataclass(frozen=True, kw_only=True)
class Unheld:
    """An event found no room among the groups of its rule, so that nobody waits for what it armed."""

    rule: str


#: What became of a rule. A rule on the trigger that is in no Firing has a condition that does not hold: see `clauses`.
Firing: TypeAlias = Fired | Rejected | Failed | Throttled | Asks | Waits | Unheld


def fire(event_type: str, activation: JsonObject, catalog: Catalog) -> list[Firing]:
    """Return what becomes of the rules on a trigger, but for those whose condition does not hold; throttles are not asked yet.

    Rules that wait for such an event come first: it may be what the one before it was to be followed by.
    """
    found: list[Firing] = [_answers(rule, activation) for rule in rules_waiting_for(catalog, event_type, activation)]
    for rule in rules_for(catalog, event_type, activation):
        verdict = match(rule, activation)
        if verdict.matches:
            action = catalog.actions[rule.action]
            gathers = rule.throttle is not None and rule.throttle.gathers
            found.append(_asks(rule, action, activation) if gathers else _fired(rule, action, activation))
        elif verdict.error:
            found.append(Failed(rule=rule.ref, error=verdict.error))
    return found


def fire_request(data: JsonValue, catalog: Catalog) -> Fired:
    """Return what a manual run gives under a catalog; `RequestRefused` or `InputInvalid` when it cannot run."""
    request = read_request(data)
    action = request.action_in(catalog)
    request.check_secrets(action)
    what = filled(action, complete_input(action, request.input), secrets=request.secrets, match=request.match)
    return Fired(rule="", action=action, filled=what, pick=request.pick)


@dataclass(frozen=True, kw_only=True)
class Received:
    """An event as throttles see it: when the controller received it, and what is kept of it in a group."""

    at: float
    member: Member


def received(firings: Sequence[Firing], position: int, at: float, occurrence: Occurrence) -> Received:
    """Return it; how large the event is matters only to rules that will want all events of a group."""
    asked = any(isinstance(one, Asks) and one.ask.rule.uses_events for one in firings)
    return Received(at=at, member=Member(position=position, size=measure(occurrence.activation()["event"]) if asked else 0))


def admitted(firings: Sequence[Firing], throttles: Throttles, at: float) -> list[Firing]:
    """Ask the throttles of the rules that fired, in order, where none lets events wait; `at` is when the controller received the event."""
    return [_asked(one, throttles, at) for one in firings]


def throttled(firings: Sequence[Firing], throttles: Throttles, gathering: Gathering, event: Received) -> tuple[list[Firing], list[Ended]]:
    """Ask the throttles, in order, of the rules that matched; return what became of these, and the groups that the event ended."""
    found: list[Firing] = []
    ended: list[Ended] = []
    for one in firings:
        if not isinstance(one, Asks):
            found.append(_asked(one, throttles, event.at))
            continue
        offered = gathering.offer(one.ask, event.at, event.member)
        ended += offered.ended
        if offered.group is not None:
            found.append(Waits(rule=one.rule, group=offered.group, full=gathering.group(offered.group.key) is None))
        elif offered.full:
            found.append(Unheld(rule=one.rule))
    return found, ended


def _asks(rule: Rule, action: Action, activation: JsonObject) -> Asks | Rejected:
    try:
        key = key_of(rule.throttle.key if rule.throttle is not None else None, activation)
    except InputInvalid as error:
        return Rejected(rule=rule.ref, action=action, error=f"{rule.path}: {error.message}")
    return Asks(rule=rule.ref, ask=Ask(rule=rule, key=(rule.ref, key)))


def _answers(rule: Rule, activation: JsonObject) -> Asks | Failed:
    try:
        key = key_of(rule.throttle.of_key if rule.throttle is not None else None, activation, "absence.of_key")
    except InputInvalid as error:
        return Failed(rule=rule.ref, error=f"{rule.ref}: {error.message}")
    return Asks(rule=rule.ref, ask=Ask(rule=rule, key=(rule.ref, key), answers=True))


def _fired(rule: Rule, action: Action, activation: JsonObject) -> Fired | Rejected:
    try:
        what = fill(rule, action, activation)
        return Fired(rule=rule.ref, action=action, filled=what, pick=rule.pick, throttle=window_of(rule, activation))
    except InputInvalid as error:
        return Rejected(rule=rule.ref, action=action, error=f"{rule.path}: {error.message}")


def _asked(one: Firing, throttles: Throttles, at: float) -> Firing:
    if not isinstance(one, Fired) or one.throttle is None:
        return one
    until = throttles.admit(one.throttle, at)
    return one if until is None else Throttled(rule=one.rule, until=until)
