"""How far timers' schedules were followed, as frozen values; written by the controller's timers with the ticks that came of it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Up to and including `done`, seconds of the epoch, every due time of a timer became a tick or was passed over.

    `declared` is what its document said of when it is due; with another schedule the counting begins anew. `last` is the due time of the
    last tick, 0 before the first one; `missed` counts what was passed over since, `missed_in_all` ever.
    """

    timer: str
    declared: str
    done: int
    last: int = 0
    missed: int = 0
    missed_in_all: int = 0
