"""Conditions and dead letters: what the store is asked of what holds and was told once, and of dead letters by operators.

Part of store.port.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from attune_controller.store.records.events import NewEvent


class Conditions(Protocol):
    """What an internal event has told of a subject, so that it is told once until it is over, whatever is restarted meanwhile."""

    async def conditions(self, name: str) -> Mapping[str, float]:
        """Return the subjects of which a condition holds, and since when (the time at which its event was received)."""
        ...

    async def begin_condition(self, name: str, subject: str, event: NewEvent) -> bool:
        """Let a condition hold and accept the event that tells of it, in one transaction; False, and nothing, when it holds already."""
        ...

    async def end_condition(self, name: str, subject: str, event: NewEvent | None) -> bool:
        """Let a condition hold no more, and accept the event that tells of it, if any; False, and nothing, when it does not hold."""
        ...


class DeadLetters(Protocol):
    """What operators do to dead letters; each of it with the event that tells of it, in one transaction."""

    async def retry_dead_letter(self, position: int, event: NewEvent, told: Callable[[int], NewEvent]) -> int:
        """Let a dead letter be this event, which has its source and id, at a new position, and return that; `told` is given it.

        `NotADeadLetter` for what is none, or was dropped.
        """
        ...

    async def drop_dead_letter(self, position: int, told: NewEvent) -> None:
        """Let a dead letter's data go; its source and id stay known, so that it does not come back. `NotADeadLetter`."""
        ...
