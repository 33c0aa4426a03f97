"""Conditions and dead letters on SQLite.

Part of SqliteStore; called by presence, expiring and sensors' watch, and by the API for operators.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import LiteralString, cast

import apsw

from attune_controller.store.errors import NotADeadLetter
from attune_controller.store.records.events import NewEvent
from attune_controller.store.sqlite.accepting import accept
from attune_controller.store.sqlite.connected import Connected
from attune_controller.store.sqlite.event_rows import values_of
from attune_controller.store.sqlite.statements import execute, row_of, rows_of

_CONDITIONS: LiteralString = "SELECT subject, since FROM conditions WHERE name = ? ORDER BY subject"
_BEGIN: LiteralString = "INSERT INTO conditions (name, subject, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_END: LiteralString = "DELETE FROM conditions WHERE name = ? AND subject = ?"
_IS_DEAD: LiteralString = "SELECT 1 FROM plans WHERE position = ? AND status = 'dead_letter' AND dropped_at = 0"


class SqliteConditions(Connected):
    """See port.Conditions and port.DeadLetters."""

    async def conditions(self, name: str) -> Mapping[str, float]:
        """See the port."""
        rows = await self._read(lambda connection: rows_of(connection, _CONDITIONS, name))
        return dict(cast("list[tuple[str, float]]", rows))

    async def begin_condition(self, name: str, subject: str, event: NewEvent) -> bool:
        """See the port."""
        return await self._write_with_room(partial(_begin, name=name, subject=subject, event=event))

    async def end_condition(self, name: str, subject: str, event: NewEvent | None) -> bool:
        """See the port."""
        return await self._write(partial(_end, name=name, subject=subject, event=event))

    async def retry_dead_letter(self, position: int, event: NewEvent, told: Callable[[int], NewEvent]) -> int:
        """See the port."""
        return await self._write_with_room(partial(_retry, position=position, event=event, told=told))

    async def drop_dead_letter(self, position: int, told: NewEvent) -> None:
        """See the port."""
        await self._write(partial(_drop, position=position, told=told))


def _begin(connection: apsw.Connection, name: str, subject: str, event: NewEvent) -> bool:
    execute(connection, _BEGIN, name, subject, event.received_at)
    if not connection.changes():
        return False
    accept(connection, event, values_of(event))
    return True


def _end(connection: apsw.Connection, name: str, subject: str, event: NewEvent | None) -> bool:
    execute(connection, _END, name, subject)
    if not connection.changes():
        return False
    if event is not None:
        accept(connection, event, values_of(event))
    return True


def _retry(connection: apsw.Connection, position: int, event: NewEvent, told: Callable[[int], NewEvent]) -> int:
    _check_dead(connection, position)
    execute(connection, "DELETE FROM plans WHERE position = ?", position)
    execute(connection, "DELETE FROM events WHERE position = ?", position)
    again = accept(connection, event, values_of(event)).position
    telling = told(again)
    accept(connection, telling, values_of(telling))
    return again


def _drop(connection: apsw.Connection, position: int, told: NewEvent) -> None:
    _check_dead(connection, position)
    execute(connection, "UPDATE events SET data = 'null' WHERE position = ?", position)
    execute(connection, "UPDATE plans SET dropped_at = ? WHERE position = ?", told.received_at, position)
    accept(connection, told, values_of(told))


def _check_dead(connection: apsw.Connection, position: int) -> None:
    if not row_of(connection, _IS_DEAD, position):
        raise NotADeadLetter(f"event {position} is no dead letter")
