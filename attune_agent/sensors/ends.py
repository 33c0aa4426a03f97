"""How a sensor's process ended, in words for its status; none of them is output of the sensor. Pure, used by `sensor`."""

from attune_agent.host import Ended, How


def why_ended(ended: Ended, *, poll: bool) -> str:
    """Return what was wrong with it; empty for a poll that ended well. A sensor of mode `stream` is never to end."""
    match ended.how:
        case How.EXITED if ended.exit_code == 0 and poll:
            return ""
        case How.EXITED:
            return f"it ended with exit code {ended.exit_code}"
        case How.SIGNALLED:
            return f"it was ended by signal {ended.signal}" + (f" ({ended.limit.value} limit)" if ended.limit else "")
        case How.TIMED_OUT:
            return "it did not end in time"
        case How.LOST | How.CANCELLED:
            return f"its process is gone: {ended.detail}"
        case How.NOT_EXECUTABLE | How.NOT_STARTED:
            return f"it could not be started: {ended.detail}"
