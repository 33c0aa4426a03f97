"""Events that throttles let wait, as rows for people; used by `attune throttle list`."""

from collections.abc import Sequence

from attune_core.moments import parse_rfc3339
from attune_core.quantities import show_duration
from attune_core.wire.groups import WaitingGroup

LIST = ("rule", "key", "fires", "events", "since", "due", "last event")


def list_row(one: WaitingGroup, now: float) -> Sequence[str]:
    """Return a group's row; `now` is the clock here."""
    key = "" if one.key == "null" else one.key
    wanted = f" of {one.at_least}" if one.count < one.at_least else ""
    kept = f" ({one.kept} kept)" if one.kept < one.count and one.kept > 1 else ""
    due = parse_rfc3339(one.due_at) - now
    when = f"in {show_duration(round(due))}" if due >= 1 else "now"
    fires = one.throttle or "never: its rule was changed or removed"
    return one.rule, key, fires, f"{one.count}{wanted}{kept}", f"{one.opened_at[:19]}Z", when, str(one.last)
