"""The calendar and clock of a moment in a time zone: UTC, a fixed offset, or a name of the IANA data base.

Called by the functions on time. Names and rules are those of `zone_rules`, whatever zone data the host has.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.runtime.moments import DAY, EPOCH_DAY, HOUR, MINUTE, SECOND, Moment
from attune_core.zone_rules import zone_rules

_OFFSET = re.compile(r"([+-]?)([0-9]{1,2}):([0-9]{2})")
#: The calendar repeats after 400 years, days of the week included.
_CYCLE = 146_097
_YEARS = 400
_UTC_NAMES = frozenset({"", "UTC"})


@dataclass(frozen=True, slots=True)
class Local:
    """A moment on the calendar and clock of its zone; `year` may be 0 or 10000 at the ends of the range."""

    year: int
    date: date
    nanoseconds: int


def local(moment: Moment, zone: str) -> Local:
    """Return the calendar's day and the nanoseconds of that day; `ExpressionFailed` if there is no such zone."""
    day, rest = divmod(moment.nanoseconds + _offset(moment, zone), DAY)
    ordinal = day + EPOCH_DAY
    shift = 1 if ordinal < 1 else -1 if ordinal > date.max.toordinal() else 0
    found = date.fromordinal(ordinal + shift * _CYCLE)
    return Local(found.year - shift * _YEARS, found, rest)


def known(zone: str) -> bool:
    """Tell whether there is such a zone."""
    try:
        local(Moment(0), zone)
    except ExpressionFailed:
        return False
    return True


def _offset(moment: Moment, zone: str) -> int:
    """Return the nanoseconds by which the zone is ahead of UTC at this moment."""
    if zone in _UTC_NAMES:
        return 0
    fixed = _OFFSET.fullmatch(zone)
    if fixed is not None:
        hours, minutes = int(fixed[2]), int(fixed[3])
        if hours > 23 or minutes > 59:
            raise _no_zone()
        return (hours * HOUR + minutes * MINUTE) * (-1 if fixed[1] == "-" else 1)
    rules = zone_rules(zone)
    if rules is None:
        raise _no_zone()
    #: `datetime` ends where moments do, and a zone may be ahead or behind there: the rules of 400 years before or after hold.
    seconds = moment.nanoseconds // SECOND
    whole = date.fromordinal(seconds // 86_400 + EPOCH_DAY).year
    shift = _CYCLE * 86_400 * (1 if whole == 1 else -1 if whole == date.max.year else 0)
    ahead = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds + shift)).astimezone(rules).utcoffset()
    return 0 if ahead is None else int(ahead.total_seconds()) * SECOND


def _no_zone() -> ExpressionFailed:
    return ExpressionFailed("there is no such time zone: write a name such as Europe/Berlin, or an offset such as +02:00")
