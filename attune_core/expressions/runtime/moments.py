"""Moments and spans of time in whole nanoseconds: their range, and the texts they are read from and written as.

Used by arithmetic, comparison and the functions on time. Source: the CEL language definition, "Timestamps" and "Durations", and RFC 3339;
what differs from other implementations stands in docs/expressions.md.
"""

import re
from dataclasses import dataclass
from datetime import date

from attune_core.expressions.errors import ExpressionFailed

SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
#: 1970-01-01 in the calendar of `date.toordinal`.
EPOCH_DAY = 719_163
_FIRST, _LAST = (1 - EPOCH_DAY) * DAY, (3_652_060 - EPOCH_DAY) * DAY - 1
#: About 10,000 years; protobuf's bound.
_LONGEST = 315_576_000_000 * SECOND
#: A longer text is neither; digits beyond it would be work for nothing.
_LONGEST_TEXT = 128

_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_PART = r"([0-9]+\.?[0-9]*|\.[0-9]+)(h|ms|m|s|us|ns)"
_SPAN = re.compile(rf"([+-]?)((?:{_PART})+|0)")
_PARTS = re.compile(_PART)
_UNITS = {"h": HOUR, "m": MINUTE, "s": SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}
_ISO_SPAN = re.compile(r"P(?=.*[0-9][WDHMS]$)(?:([0-9]+)W)?(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)S)?)?")
_ISO_UNITS = (7 * DAY, DAY, HOUR, MINUTE, SECOND)


@dataclass(frozen=True, order=True, slots=True)
class Moment:
    """A moment from the year 1 to 9999: nanoseconds since 1970 in UTC."""

    nanoseconds: int

    def __str__(self) -> str:
        """Return the RFC 3339 text in UTC, with as many digits of a fraction as there are."""
        day, rest = divmod(self.nanoseconds, DAY)
        seconds, fraction = divmod(rest, SECOND)
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        return f"{date.fromordinal(day + EPOCH_DAY).isoformat()}T{clock}{_fraction(fraction)}Z"


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """A length of time, which may be negative."""

    nanoseconds: int

    def __str__(self) -> str:
        """Return the text in seconds: `90s`, `-1.5s`."""
        seconds, fraction = divmod(abs(self.nanoseconds), SECOND)
        return f"{'-' if self.nanoseconds < 0 else ''}{seconds}{_fraction(fraction)}s"


def _fraction(nanoseconds: int) -> str:
    return f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""


def moment(nanoseconds: int) -> Moment:
    """Return the moment so long after 1970; `ExpressionFailed` outside the years 1 to 9999."""
    if _FIRST <= nanoseconds <= _LAST:
        return Moment(nanoseconds)
    raise ExpressionFailed("the timestamp is outside the years 1 to 9999")


def span(nanoseconds: int) -> Span:
    """Return the span of this length; `ExpressionFailed` beyond about 10,000 years."""
    if -_LONGEST <= nanoseconds <= _LONGEST:
        return Span(nanoseconds)
    raise ExpressionFailed("the duration is longer than 315576000000s")


def read_moment(text: str) -> Moment:
    """Read an RFC 3339 text, which always has an offset from UTC; digits beyond nanoseconds are left out."""
    found = _MOMENT.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if found is None:
        raise _no_moment()
    year, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute = found.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal() - EPOCH_DAY
    except ValueError as error:
        raise _no_moment() from error
    offset = 0 if sign is None else (int(zone_hour) * HOUR + int(zone_minute) * MINUTE) * (-1 if sign == "-" else 1)
    of_day = int(hour) * HOUR + int(minute) * MINUTE + int(second) * SECOND + int((fraction or "0")[:9].ljust(9, "0"))
    return moment(days * DAY + of_day - offset)


def _no_moment() -> ExpressionFailed:
    return ExpressionFailed("the text is not an RFC 3339 timestamp such as 2026-01-02T03:04:05Z")


def read_span(text: str) -> Span:
    """Read a text such as `1h30m`, `-1.5s` or `100ms`, or ISO 8601's without years and months (`PT1H30M`, JSON Schema's format)."""
    if len(text) <= _LONGEST_TEXT:
        found = _SPAN.fullmatch(text)
        if found is not None:
            length = sum(_part(number, unit) for number, unit in _PARTS.findall(found[2]))
            return span(-length if found[1] == "-" else length)
        iso = _ISO_SPAN.fullmatch(text)
        if iso is not None:
            return span(sum(int(number or 0) * unit for number, unit in zip(iso.groups(), _ISO_UNITS, strict=True)))
    raise ExpressionFailed("the text is not a duration such as 1h30m, 1.5s or 100ms")


def _part(number: str, unit: str) -> int:
    whole, _, fraction = number.partition(".")
    return int(whole or 0) * _UNITS[unit] + int(fraction or 0) * _UNITS[unit] // int("1" + "0" * len(fraction))
