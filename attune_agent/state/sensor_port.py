"""SensorState: the part of the agent's memory that is about sensors; as `port`, in one file with the rest of it.

Every write is enqueued at the call, in call order, is atomic, and its future is done when it is durable. Implemented by
state/sensor_sqlite and state/sensor_memory under one contract suite.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from attune_agent.state.sensor_records import LoadedSensors, Poll, SensorRun
from attune_core.wire.sensors import SensorAssignment


class SensorState(Protocol):
    """What the host of sensors asks of the disk."""

    def load(self) -> LoadedSensors:
        """Return everything that is stored; called once, before any write."""
        ...

    def assign(self, assigned: Sequence[SensorAssignment]) -> asyncio.Future[None]:
        """Replace what is to run; what polls returned of others is forgotten."""
        ...

    def begin(self, run: SensorRun) -> asyncio.Future[None]:
        """Store a run that an executor is about to be asked for."""
        ...

    def advance(self, run: str, offset: int, *, skipping: bool) -> asyncio.Future[None]:
        """Store what of a run is done with. Lazy."""
        ...

    def end(self, run: str, length: int, poll: Poll | None = None) -> asyncio.Future[None]:
        """Store how much an ended run printed and, with it, what a poll returned."""
        ...

    def drop(self, run: str, poll: Poll | None = None) -> asyncio.Future[None]:
        """Forget a run of which nothing is left to do and, with it, store what a poll returned."""
        ...
