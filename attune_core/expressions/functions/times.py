"""timestamp(), duration(), and the methods that read the calendar and the clock.

Collected in `table`. Source: the CEL language definition, "Timestamps and Durations": months, days of the year and of the month
(`getDayOfMonth`) count from 0, days of the week from Sunday, `getDate` from 1.
"""

from collections.abc import Callable, Mapping
from datetime import date

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.functions.function import Function, Given, Overload, no_overload, one, several
from attune_core.expressions.runtime.frame import Frame, Operand, Run
from attune_core.expressions.runtime.moments import HOUR, MINUTE, SECOND, Moment, Span, moment, read_moment, read_span
from attune_core.expressions.runtime.value import Value
from attune_core.expressions.runtime.zones import Local, known, local
from attune_core.expressions.types import DURATION, INT, STRING, TIMESTAMP

_MILLISECOND = SECOND // 1_000
#: Steps of a question about a zone: the first one of a name reads a file.
_ZONE = 50


def _timestamp(value: Value) -> Moment:
    if isinstance(value, str):
        return read_moment(value)
    if isinstance(value, Moment):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return moment(value * SECOND)
    raise no_overload("timestamp", value)


def _duration(value: Value) -> Span:
    if isinstance(value, str):
        return read_span(value)
    if isinstance(value, Span):
        return value
    raise no_overload("duration", value)


def _day_of_year(day: date) -> int:
    return (day - date(day.year, 1, 1)).days


def _units(nanoseconds: int, unit: int) -> int:
    """Return the whole units of a span, towards zero."""
    return nanoseconds // unit if nanoseconds >= 0 else -(-nanoseconds // unit)


_DAYS: Mapping[str, Callable[[Local], int]] = {
    "getFullYear": lambda at: at.year,
    "getMonth": lambda at: at.date.month - 1,
    "getDate": lambda at: at.date.day,
    "getDayOfMonth": lambda at: at.date.day - 1,
    "getDayOfWeek": lambda at: at.date.isoweekday() % 7,
    "getDayOfYear": lambda at: _day_of_year(at.date),
}
_CLOCK: Mapping[str, tuple[Callable[[Local], int], Callable[[int], int]]] = {
    "getHours": (lambda at: at.nanoseconds // HOUR, lambda length: _units(length, HOUR)),
    "getMinutes": (lambda at: at.nanoseconds // MINUTE % 60, lambda length: _units(length, MINUTE)),
    "getSeconds": (lambda at: at.nanoseconds // SECOND % 60, lambda length: _units(length, SECOND)),
    "getMilliseconds": (
        lambda at: at.nanoseconds // _MILLISECOND % 1_000,
        lambda length: _units(length, _MILLISECOND) - 1_000 * _units(length, SECOND),
    ),
}


def _question(name: str, of_moment: Callable[[Local], int], of_span: Callable[[int], int] | None = None) -> Function:
    def apply(frame: Frame, given: Given) -> int:
        value = given.values[0]
        if isinstance(value, Span) and of_span is not None and len(given.values) == 1:
            return of_span(value.nanoseconds)
        if not isinstance(value, Moment):
            raise given.refused()
        if len(given.values) == 1:
            return of_moment(local(value, ""))
        frame.charge(_ZONE)
        return of_moment(local(value, given.text(1)))

    general = several(name, apply)

    def build(arguments: tuple[Operand, ...]) -> Run:
        zone = arguments[1].value if len(arguments) > 1 else ""
        if isinstance(zone, str) and not known(zone):
            raise ExpressionFailed(f"there is no time zone '{zone[:64]}'")
        return general(arguments)

    overloads = (Overload((TIMESTAMP,), INT), Overload((TIMESTAMP, STRING), INT))
    usage = f'write timestamp(text).{name}() or .{name}("Europe/Berlin")'
    return Function((*overloads, Overload((DURATION,), INT)) if of_span else overloads, build, usage, method=True)


TIMESTAMP_OF = Function(
    tuple(Overload((kind,), TIMESTAMP) for kind in (STRING, INT, TIMESTAMP)),
    one(_timestamp),
    "timestamp() takes an RFC 3339 text or the seconds since 1970",
    plain=True,
)
DURATION_OF = Function(
    tuple(Overload((kind,), DURATION) for kind in (STRING, DURATION)),
    one(_duration),
    'duration() takes a text such as "1h30m", "90s" or "1.5s"',
    plain=True,
)
QUESTIONS: Mapping[str, Function] = {
    **{name: _question(name, of_moment) for name, of_moment in _DAYS.items()},
    **{name: _question(name, *both) for name, both in _CLOCK.items()},
}
