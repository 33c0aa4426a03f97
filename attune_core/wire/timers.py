"""The documents of /v1/timers, shared by the controller's routes and the command line."""

from pydantic import Field

from attune_core.wire.api import Document


class TimerView(Document):
    """One timer of the active revision. Texts are empty for what never was or never comes.

    `next_due` becomes a tick at `ticks_at`, which jitter makes later; of the due times so far, `missed` became no tick.
    """

    ref: str
    schedule: str
    misfire: str
    description: str
    next_due: str = ""
    ticks_at: str = ""
    last_due: str = ""
    missed: int = 0
    path: str
    line: int


class DueTime(Document):
    """A due time, the same on the clocks of its timer's zone (empty without one), and when its tick comes."""

    due: str
    local: str = ""
    ticks_at: str


class TimerDetail(TimerView):
    """One timer with all that is known of it; `rules` are those that its ticks may fire."""

    zone: str = ""
    jitter: str = ""
    upcoming: list[DueTime] = Field(default_factory=list)
    rules: list[str] = Field(default_factory=list)
