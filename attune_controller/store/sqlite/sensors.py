"""Seats of sensors on SQLite.

Part of SqliteStore; called by sensing.
"""

from collections.abc import Collection, Sequence
from typing import LiteralString, NamedTuple

import apsw

from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.sensors import Seat
from attune_controller.store.sqlite.accepting import accept
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.event_rows import values_of
from attune_controller.store.sqlite.statements import execute_each, rows_of

_ALL: LiteralString = "SELECT sensor, agent, emits, since, held, leaving, failover, failing_since FROM seats ORDER BY sensor, agent"
_PUT: LiteralString = (
    "INSERT OR REPLACE INTO seats (sensor, agent, emits, since, held, leaving, failover, failing_since) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_GONE: LiteralString = "DELETE FROM seats WHERE sensor = ? AND agent = ?"


class _SeatRow(NamedTuple):
    sensor: str
    agent: str
    emits: str
    since: float
    held: int
    leaving: int
    failover: float
    failing_since: float


class SqliteSeats(Connected):
    """See port.Seats."""

    async def seats(self) -> Sequence[Seat]:
        """See the port."""
        return [_seat_of(_SeatRow._make(row)) for row in await self._read(lambda connection: rows_of(connection, _ALL))]

    async def put_seats(self, seats: Collection[Seat], *, gone: Collection[Seat] = (), events: Collection[NewEvent] = ()) -> None:
        """See the port."""
        told = [(event, values_of(event)) for event in events]

        def put(connection: apsw.Connection) -> None:
            execute_each(connection, _GONE, [(seat.sensor, seat.agent) for seat in gone])
            execute_each(connection, _PUT, [_values(seat) for seat in seats])
            for event, values in told:
                accept(connection, event, values)

        await self._write(put)


def _values(seat: Seat) -> tuple[str, str, str, float, int, int, float, float]:
    emits = " ".join(sorted(seat.emits))
    return seat.sensor, seat.agent, emits, seat.since, int(seat.held), int(seat.leaving), seat.failover, seat.failing_since


def _seat_of(row: _SeatRow) -> Seat:
    return Seat(
        sensor=row.sensor,
        agent=row.agent,
        emits=frozenset(row.emits.split()),
        since=row.since,
        held=bool(row.held),
        leaving=bool(row.leaving),
        failover=row.failover,
        failing_since=row.failing_since,
    )
