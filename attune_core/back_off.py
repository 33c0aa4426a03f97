"""How long one attempt is after another; pure.

Asked by the agent for a retry at its place, and by the controller for one at the tail.
"""

from attune_core.wire.assignment import Retry


def back_off(retry: Retry, attempt: int) -> float:
    """Return the seconds between the end of the `attempt`-th attempt (from 1) and the next."""
    # The exponent is bounded so that no policy can overflow a float.
    return float(min(retry.initial_interval * retry.backoff_coefficient ** min(max(attempt, 1) - 1, 64), retry.maximum_interval))
