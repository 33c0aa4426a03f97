"""Sensor health: from what an agent says of a sensor to whether it is failing, or has recovered; pure, no clock.

Called by `sensing` with each status. Failing is said once, after a minute that was not healthy or after five restarts, and recovery once,
after a healthy minute: a sensor that comes up for seconds does not recover, and fails no second time.
"""

from dataclasses import dataclass
from typing import Literal

from attune_core.wire.sensors import SensorStatus

#: Seconds that it must have been so, and restarts without such a time between them.
LONG, RESTARTS = 60.0, 5
_WELL, _ILL = frozenset({"running", "polling"}), frozenset({"backing_off", "refused"})


@dataclass(frozen=True, kw_only=True)
class Health:
    """How a sensor has been: since when without a break, and how often it had been restarted when it was last well for long."""

    well: bool
    since: float
    restarts: int
    #: Since when it is not well for long; wall clock of its controller, seconds.
    ill_from: float


Turn = Literal["failing", "recovered", ""]


def examined(known: Health | None, status: SensorStatus, *, monotonic: float, now: float) -> Health:
    """Return its health after another status; what only waits (`starting`, `blocked`) says nothing."""
    if known is None:
        return Health(well=status.state not in _ILL, since=monotonic, restarts=status.restarts, ill_from=now)
    well = known.well if status.state not in _WELL | _ILL else status.state in _WELL
    since = known.since if well == known.well else monotonic
    restarts, ill_from = known.restarts, known.ill_from
    if status.restarts < restarts or (well and monotonic - since >= LONG):
        restarts, ill_from = status.restarts, now
    return Health(well=well, since=since, restarts=restarts, ill_from=ill_from)


def turn(health: Health, status: SensorStatus, *, failing: bool, monotonic: float) -> Turn:
    """Return what is to be said now, beside what was said before."""
    lasted = monotonic - health.since
    if failing:
        return "recovered" if health.well and lasted >= LONG else ""
    if (not health.well and lasted >= LONG) or status.restarts - health.restarts >= RESTARTS:
        return "failing"
    return ""
