"""A timer's schedule in a few words; shown by the API and the command line."""

from attune_core.models.timer import TimerDocument
from attune_core.quantities import show_duration
from attune_core.timers.ticking import shown


def schedule_words(timer: TimerDocument) -> str:
    """Return what its document says of when it is due."""
    if timer.every is not None:
        found = f"every {show_duration(timer.every)}"
    elif timer.cron is not None:
        found = f"{timer.cron} in {timer.zone or 'UTC'}"
    else:
        moments = timer.at or ()
        found = f"at {shown(moments[0])}" + (f" and {len(moments) - 1} more moments" if moments[1:] else "") if moments else "never"
    if timer.start is not None:
        found += f", from {shown(timer.start)}"
    if timer.end is not None:
        found += f", until {shown(timer.end)}"
    return found
