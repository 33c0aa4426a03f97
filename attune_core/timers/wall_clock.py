"""What a clock on the wall of a zone shows, and when it shows next what a cron expression asks for; as Debian's cron has it.

Called by `schedule`. Where the clock is set back, a time of day that comes twice counts the first time; where it is set forward, one that
does not come counts at the end of the gap. Expressions whose minute or hour begins with `*` follow the clock as it goes.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from attune_core.timers.cron import Cron

DAY = 86_400
#: Where moments end: two days before the calendar, because zones are ahead and behind.
LAST = int(datetime(9999, 12, 30, tzinfo=UTC).timestamp())


def next_match(cron: Cron, zone: ZoneInfo, after: int) -> int | None:
    """Return the first moment after another one at which an expression is due, in seconds of the epoch."""
    return _next_wild(cron, zone, after) if cron.is_wild else _next_fixed(cron, zone, after)


def _next_fixed(cron: Cron, zone: ZoneInfo, after: int) -> int | None:
    """Go on the calendar from what the clock shows; in the hour that comes again, what it shows was counted before."""
    wall = after + offset(zone, after)
    while (found := cron.after(wall)) is not None and found <= LAST:
        moment = _moment_of(found, zone)
        if moment > after:
            return moment
        wall = found
    return None


def _next_wild(cron: Cron, zone: ZoneInfo, after: int) -> int | None:
    """Go from one change of the clock to the next; between two of them it goes as it should."""
    ahead = offset(zone, after)
    while (found := cron.after(after + ahead)) is not None and found <= LAST:
        moment = found - ahead
        soon = min(moment, after + DAY)
        if offset(zone, soon) != ahead:
            change = _change(zone, after, soon)
            if moment < change:
                return moment
            after, ahead = change - 1, offset(zone, change)
        elif moment == soon:
            return moment
        else:  # nothing until a day before what is next, however the clock may be set on the way
            after = max(soon, moment - 2 * DAY)
            ahead = offset(zone, after)
    return None


def _moment_of(wall: int, zone: ZoneInfo) -> int:
    """Return when the clock first shows a time; if it never does, when it is set past it."""
    shown = datetime.fromtimestamp(wall, UTC).replace(tzinfo=zone)
    moment = int(shown.timestamp())
    if moment + offset(zone, moment) == wall:
        return moment
    return _change(zone, int(shown.replace(fold=1).timestamp()), moment)


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    """Return the first moment from which the clock is ahead as it is at `after`, and not as at `before`."""
    ahead = offset(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        if offset(zone, middle) == ahead:
            before = middle
        else:
            after = middle
    return after


def offset(zone: ZoneInfo, moment: int) -> int:
    """Return the seconds by which a zone's clock is ahead of UTC."""
    ahead = datetime.fromtimestamp(moment, zone).utcoffset()
    return 0 if ahead is None else int(ahead.total_seconds())
