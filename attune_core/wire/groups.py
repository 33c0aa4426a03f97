"""The documents of /v1/throttles: events that wait to be fired for together.

Shared by the controller's route and `attune throttle list`; times are RFC 3339 texts in UTC, keys are canonical JSON.
"""

from attune_core.wire.api import Document


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
