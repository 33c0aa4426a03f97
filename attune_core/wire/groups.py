"""The documents of /v1/throttles, events that wait to be fired for together, and of one rule with those of its own.

Shared by the controller's routes, `attune throttle list` and `attune rule show`; times are RFC 3339 texts in UTC, keys are canonical JSON.
"""

from pydantic import Field

from attune_core.wire.api import Document, RuleView


class WaitingGroup(Document):
    """One open group: `count` events of a key, of which the newest `kept` are at hand; it is asked at `due_at` unless events move that.

    `last` is the event that it stands for. `throttle` is what the active revision says, empty if that has the rule no more, or otherwise.
    """

    rule: str
    key: str
    throttle: str
    opened_at: str
    last_at: str
    due_at: str
    count: int
    kept: int
    last: int
    at_least: int = 1
    at_most: int | None = None


class RuleDetail(RuleView):
    """One rule with its throttle in words, the key of that as it is written, and what waits in it: the first groups by key.

    `more`: there are more of these.
    """

    throttle: str = ""
    throttle_key: str = ""
    waiting: list[WaitingGroup] = Field(default_factory=list)
    more: bool = False
