"""The documents of /v1/timers, shared by the controller's routes and the command line."""

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
