"""Matching: whether a rule's condition holds for an event; pure.

Called by the controller's planning for each rule on the event's trigger; a condition that fails with an error does not hold, and says so.
"""

from dataclasses import dataclass

from attune_core.catalog.catalog import Rule
from attune_core.expressions.errors import ExpressionFailed
from attune_core.values import JsonObject, JsonValue


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """An event as expressions see it, under the name `event`."""

    id: str
    source: str
    type: str
    subject: str
    time: str  # RFC 3339
    data: JsonValue

    def activation(self) -> JsonObject:
        """Return the variables of rule expressions; built once per event."""
        event: JsonObject = {
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": self.time,
            "data": self.data,
        }
        return {"event": event}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a rule matches; `error` is set when its condition could not be evaluated."""

    matches: bool
    error: str = ""


_MATCHES, _DIFFERS = Verdict(matches=True), Verdict(matches=False)


def match(rule: Rule, activation: JsonObject) -> Verdict:
    """Evaluate a rule's condition over `Occurrence.activation()`; a rule without one always matches."""
    if rule.when is None:
        return _MATCHES
    try:
        return _MATCHES if rule.when.evaluate(activation) is True else _DIFFERS
    except ExpressionFailed as failed:
        return Verdict(matches=False, error=f"{rule.ref}: {failed.message}")
