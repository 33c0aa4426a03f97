"""Throttling: whether a firing is admitted, by when the last one of its rule and key was; pure.

Called by the controller's planning over what the store remembers, and by `replay` over what it remembers itself. Throttles whose events
wait together are those of `gathering`, which takes its keys from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from attune_core.catalog.catalog import Rule
from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.template import CheckedTemplate
from attune_core.rules.filling import KEY_LIMIT, InputInvalid
from attune_core.values import JsonObject, canonical_json

#: A rule's reference, and the key as canonical JSON: `null` for a throttle without one.
ThrottleKey: TypeAlias = tuple[str, str]
#: Admissions that are remembered before those that are over are looked for.
ROOM = 10_000


@dataclass(frozen=True, kw_only=True)
class ThrottleWindow:
    """What one firing asks: to be the only one of its key within so many seconds."""

    key: ThrottleKey
    once_within: float

    def admission(self, at: float) -> "Admission":
        """Return what is remembered when it is admitted at that time."""
        return Admission(at=at, until=at + self.once_within)


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The last admitted firing of a key: when it was, and when its window ends; seconds of the epoch."""

    at: float
    until: float


def window_of(rule: Rule, activation: JsonObject) -> ThrottleWindow | None:
    """Return what a rule's firing asks for an event, None unless it fires once within a time; `InputInvalid` when there is no key."""
    if rule.throttle is None or rule.throttle.gathers:
        return None
    return ThrottleWindow(key=(rule.ref, key_of(rule.throttle.key, activation)), once_within=rule.throttle.within)


def key_of(template: CheckedTemplate | None, activation: JsonObject, name: str = "key") -> str:
    """Return the key of an event as canonical JSON; `InputInvalid` when it cannot be evaluated."""
    if template is None:
        return "null"
    try:
        key = canonical_json(template.render(activation))
    except ExpressionFailed as failed:
        raise InputInvalid(f"throttle.{name}: {failed.message}") from failed
    if len(key) > KEY_LIMIT:
        raise InputInvalid(f"throttle.{name} has {len(key)} characters as JSON, more than {KEY_LIMIT}")
    return key


class Throttles:
    """The last admission of each key, as far as it was given, and those made since."""

    def __init__(self, last: Mapping[ThrottleKey, Admission]) -> None:
        """Begin with what is remembered."""
        self._last = dict(last)
        self._room = ROOM

    def admit(self, window: ThrottleWindow, at: float) -> float | None:
        """Admit a firing and return None, or return until when its key is throttled; a dropped one does not move the window."""
        last = self._last.get(window.key)
        if last is not None and abs(at - last.at) < window.once_within:
            return last.at + window.once_within
        self._last[window.key] = window.admission(at)
        if len(self._last) > self._room:
            self._last = {key: one for key, one in self._last.items() if one.until > at}
            self._room = max(ROOM, 2 * len(self._last))
        return None
