"""Firing: which rules an event fires under a catalog, and what each gives or why not; pure.

Called by the controller's `drafting` and by `replay`, so that a rule does the same in production, in its tests and in a plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from attune_core.catalog.catalog import Action, Catalog, Rule
from attune_core.rules.candidates import rules_for
from attune_core.rules.filling import Filled, InputInvalid, complete_input, fill, filled
from attune_core.rules.matching import match
from attune_core.rules.requests import read_request
from attune_core.rules.throttling import Throttles, ThrottleWindow, window_of
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


#: What became of a rule. A rule on the trigger that is in no Firing has a condition that does not hold: see `clauses`.
Firing: TypeAlias = Fired | Rejected | Failed | Throttled


def fire(event_type: str, activation: JsonObject, catalog: Catalog) -> list[Firing]:
    """Return what becomes of the rules on a trigger, but for those whose condition does not hold; throttles are not asked yet."""
    found: list[Firing] = []
    for rule in rules_for(catalog, event_type, activation):
        verdict = match(rule, activation)
        if verdict.matches:
            found.append(_fired(rule, catalog.actions[rule.action], activation))
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


def throttled(firings: Sequence[Firing], throttles: Throttles, at: float) -> list[Firing]:
    """Ask the throttles, in order, of the rules that fired; `at` is when the controller received the event."""
    return [_asked(one, throttles, at) for one in firings]


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
