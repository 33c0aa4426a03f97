"""How far timers' schedules were followed, on SQLite.

Part of SqliteStore; a tick and the row that says that it was made are one transaction, so that no crash doubles or loses one.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import LiteralString, NamedTuple

import apsw

from attune_controller.store.records.events import Acceptance, NewEvent
from attune_controller.store.records.timers import Progress
from attune_controller.store.sqlite.accepting import accept_each
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.connection_thread import Relay
from attune_controller.store.sqlite.event_rows import values_of
from attune_controller.store.sqlite.statements import Values, execute_each, rows_of

_READ: LiteralString = "SELECT timer, declared, done, last, missed, missed_in_all FROM timers ORDER BY timer"
_REPLACE: LiteralString = """
INSERT OR REPLACE INTO timers (timer, declared, done, last, missed, missed_in_all) VALUES (?, ?, ?, ?, ?, ?)
"""
_FORGET: LiteralString = "DELETE FROM timers WHERE timer = ?"


class _TimerRow(NamedTuple):
    timer: str
    declared: str
    done: int
    last: int
    missed: int
    missed_in_all: int


class SqliteTimers(Connected):
    """See port.Timers."""

    async def timers(self) -> Mapping[str, Progress]:
        """See the port."""
        rows = [_TimerRow._make(row) for row in await self._read(partial(rows_of, sql=_READ))]
        return {row.timer: Progress(**row._asdict()) for row in rows}

    async def record_ticks(
        self, progress: Sequence[Progress], events: Sequence[NewEvent] = (), *, followed: bool = False
    ) -> Sequence[Acceptance]:
        """See the port."""
        rows: list[Values] = [(one.timer, one.declared, one.done, one.last, one.missed, one.missed_in_all) for one in progress]
        each = [(event, values_of(event)) for event in events]
        return await self._write_with_room(partial(_record, rows=rows, events=each), Relay(followed=followed))

    async def forget_timers(self, timers: Sequence[str]) -> None:
        """See the port."""
        await self._write(partial(execute_each, sql=_FORGET, rows=[(timer,) for timer in timers]))


def _record(connection: apsw.Connection, rows: list[Values], events: Sequence[tuple[NewEvent, Values]]) -> list[Acceptance]:
    execute_each(connection, _REPLACE, rows)
    return accept_each(connection, events)
