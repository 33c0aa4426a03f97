"""A timer's schedule in a few words, and its times on the clocks of its zone; shown by the API and the command line."""

from datetime import datetime

from attune_core.catalog.catalog import Timer
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


def on_the_wall(timer: Timer, due: int) -> str:
    """Return what the clocks of its zone show when it is due, empty where its document names none."""
    zone = timer.schedule.zone
    return "" if zone is None or timer.document.zone is None else datetime.fromtimestamp(due, zone).strftime("%a %Y-%m-%d %H:%M %Z")
