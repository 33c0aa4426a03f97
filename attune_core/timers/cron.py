"""The one door to cron expressions: five fields as cron(5) has them, or a name such as @daily, followed on a calendar without zones.

Called by the catalog, which checks them, and by `wall_clock`, which brings zones to it. The library follows a zone too, but loses ticks
where a clock is set back by half an hour (decision 0035), so it is only ever asked about UTC.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

NAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
#: Some day with which an expression is tried.
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


class NotCron(ValueError):
    """The text is no cron expression; the message says which field, or how many there are."""


@dataclass(frozen=True)
class Cron:
    """An expression of five fields. `never`: its date does not exist in any year, such as 30 February."""

    text: str
    never: bool = False

    @property
    def is_wild(self) -> bool:
        """Tell whether it follows the clock as it goes, because its minute or hour begins with `*`; Debian's cron tells them apart so."""
        minute, hour = self.text.split()[:2]
        return minute.startswith("*") or hour.startswith("*")

    def after(self, wall: int) -> int | None:
        """Return the first matching time after `wall`, both as seconds on a clock that is never set; None: not within 50 years."""
        if self.never:
            return None
        try:
            found = next(CronSim(self.text, datetime.fromtimestamp(wall, UTC)), None)
        except (OverflowError, ValueError):  # the calendar ends with the year 9999
            return None
        return None if found is None else int(found.timestamp())


def parse_cron(text: str) -> Cron:
    """Return the expression; `NotCron` says what is wrong with it."""
    expression = NAMES.get(text.strip().lower(), text)
    fields = expression.split()
    if expression.startswith("@"):
        raise NotCron(f"{text!r} is none of {', '.join(NAMES)}")
    if len(fields) != 5:
        raise NotCron(f"{text!r} has {len(fields)} fields, not five: minute, hour, day of the month, month, day of the week")
    expression = " ".join(fields)
    try:
        CronSim(expression, _SOME_DAY)
    except (CronSimError, ValueError) as error:
        if _is_cron(" ".join([*fields[:3], "*", fields[4]])) and _is_cron(f"0 0 1 {fields[3]} *"):
            return Cron(expression, never=True)
        raise NotCron(f"{text!r}: {str(error).lower().replace('bad', 'cannot read the')}") from error
    return Cron(expression)


def _is_cron(expression: str) -> bool:
    try:
        CronSim(expression, _SOME_DAY)
    except (CronSimError, ValueError):
        return False
    return True
