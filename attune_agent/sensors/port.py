"""What the uplink asks of the host of sensors, and the one that an agent without sensors has; used by `assembly` and simulations."""

from collections.abc import Callable, Sequence
from typing import Protocol

from attune_agent.posting import EventSource
from attune_core.wire.sensors import SensorAssignment, SensorStatus


class SensorList(Protocol):
    """The sensors of this host; `sensors.Sensors` is the real one."""

    #: Told when there are events to send, and when somebody may want to know how a sensor is.
    filled: Callable[[], None]
    changed: Callable[[], None]

    async def run(self) -> None:
        """Keep them running until cancelled; their processes go on."""
        ...

    def begin_session(self, assigned: Sequence[SensorAssignment] | None) -> EventSource | None:
        """Follow what the welcome says, and return the events for this session, which are sent once the controller has named sensors."""
        ...

    def follow(self, assigned: Sequence[SensorAssignment]) -> None:
        """Take which sensors are to run, in place of those before."""
        ...

    @property
    def lists(self) -> int:
        """How many lists it has taken since the welcome."""
        ...

    def status(self) -> tuple[SensorStatus, ...]:
        """Return how each of them is, and each that is no longer assigned whose processes are not gone."""
        ...

    def left(self) -> tuple[str, ...]:
        """Return those that are no longer assigned and of which not everything is done with, such as events to send."""
        ...


class NoSensors:
    """Runs none, whatever is said."""

    lists = 0

    def __init__(self) -> None:
        self.filled: Callable[[], None] = _nobody
        self.changed: Callable[[], None] = _nobody

    async def run(self) -> None:
        """There is nothing to do."""

    def begin_session(self, assigned: Sequence[SensorAssignment] | None) -> None:
        """Send nothing."""

    def follow(self, assigned: Sequence[SensorAssignment]) -> None:
        """Start nothing."""

    def status(self) -> tuple[SensorStatus, ...]:
        """Return nothing."""
        return ()

    def left(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()


def _nobody() -> None:
    """Nobody listens yet."""
