"""Conditions and dead letters in memory.

Part of MemoryStore.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from attune_controller.store.errors import NotADeadLetter
from attune_controller.store.memory.events import accept
from attune_controller.store.memory.opened import Opened
from attune_controller.store.records.events import Event, EventStatus, NewEvent


class MemoryConditions(Opened):
    """See port.Conditions and port.DeadLetters."""

    async def conditions(self, name: str) -> Mapping[str, float]:
        """See the port."""
        return {subject: since for (other, subject), since in sorted(self.tables.conditions.items()) if other == name}

    async def begin_condition(self, name: str, subject: str, event: NewEvent) -> bool:
        """See the port."""
        if (name, subject) in self.tables.conditions:
            return False
        self.tables.conditions[name, subject] = event.received_at
        accept(self.tables, event)
        return True

    async def end_condition(self, name: str, subject: str, event: NewEvent | None) -> bool:
        """See the port."""
        if self.tables.conditions.pop((name, subject), None) is None:
            return False
        if event is not None:
            accept(self.tables, event)
        return True

    async def retry_dead_letter(self, position: int, event: NewEvent, told: Callable[[int], NewEvent]) -> int:
        """See the port."""
        known = self._dead(position).new
        del self.tables.events[position]
        del self.tables.positions_by_id[known.id][known.source]
        if known.body_digest:
            del self.tables.ids_by_body[known.source, known.body_digest]
        again = accept(self.tables, event).position
        accept(self.tables, told(again))
        return again

    async def drop_dead_letter(self, position: int, told: NewEvent) -> None:
        """See the port."""
        event = self._dead(position)
        self.tables.events[position] = replace(event, new=replace(event.new, data=None), status=EventStatus.DROPPED)
        accept(self.tables, told)

    def _dead(self, position: int) -> Event:
        event = self.tables.events.get(position)
        if event is None or event.status is not EventStatus.DEAD_LETTER:
            raise NotADeadLetter(f"event {position} is no dead letter")
        return event
