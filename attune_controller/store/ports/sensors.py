"""Sensors: what the store is asked of seats.

Part of store.port.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.sensors import Seat


class Seats(Protocol):
    """Which agents run which sensors."""

    async def seats(self) -> Sequence[Seat]:
        """Return all, by sensor and agent."""
        ...

    async def put_seats(self, seats: Collection[Seat], *, gone: Collection[Seat] = (), events: Collection[NewEvent] = ()) -> None:
        """Store seats, each in place of that of its sensor and agent, forget `gone`, and accept events that tell of it; one transaction."""
        ...
