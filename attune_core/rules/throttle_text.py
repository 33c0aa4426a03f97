"""A throttle in words; used by everything that shows a rule to people."""

from attune_core.catalog.catalog import Throttle
from attune_core.quantities import show_duration


def throttle_text(throttle: Throttle) -> str:
    """Return what a throttle lets through, without its key."""
    within = show_duration(throttle.within)
    match throttle.form:
        case "once_within":
            return f"one firing in {within}"
        case "debounce":
            return f"once after {within} without an event"
        case "absence":
            return f"when no {throttle.of} follows within {within}"
        case "accumulate":
            least = f", if there are {throttle.at_least}" if throttle.at_least > 1 else ""
            most = f", or at once with {throttle.at_most}" if throttle.at_most is not None else ""
            return f"once for all events within {within}{least}{most}"
