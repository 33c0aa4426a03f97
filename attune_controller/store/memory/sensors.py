"""Seats of sensors in memory.

Part of MemoryStore.
"""

from collections.abc import Collection, Sequence

from attune_controller.store.memory.events import accept
from attune_controller.store.memory.opened import Opened
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.sensors import Seat


class MemorySeats(Opened):
    """See port.Seats."""

    async def seats(self) -> Sequence[Seat]:
        """See the port."""
        return [seat for _, seat in sorted(self.tables.seats.items())]

    async def put_seats(self, seats: Collection[Seat], *, gone: Collection[Seat] = (), events: Collection[NewEvent] = ()) -> None:
        """See the port."""
        for seat in gone:
            self.tables.seats.pop((seat.sensor, seat.agent), None)
        self.tables.seats.update({(seat.sensor, seat.agent): seat for seat in seats})
        for event in events:
            accept(self.tables, event)
