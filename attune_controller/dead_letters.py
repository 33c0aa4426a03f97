"""Dead letters in the hands of operators: judged anew under what is active now, or dropped; each of it is an event that says who and why.

Called by the API. A retry keeps source and id and gets a new position, as if the event had come now; one that still cannot be planned stays
as it is. A drop lets the data go and keeps the rest, so that a sender who delivers it again is told that it is known.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from attune_controller.backlog import Backlog
from attune_controller.internal_events import operator_event
from attune_controller.planning import Wake
from attune_controller.store.errors import EventUnknown, NotADeadLetter
from attune_controller.store.ports.conditions import DeadLetters
from attune_controller.store.ports.events import Events
from attune_controller.store.records.events import Event, EventStatus, NewEvent
from attune_core.dead_letters import DeadLetter
from attune_core.ports import Clock, Random
from attune_core.values import JsonObject


class LettersStore(Events, DeadLetters, Protocol):
    """The part of the store that is used."""


class Judge(Protocol):
    """Who says whether an event can be planned; intake.Intake."""

    async def judged(self, event: NewEvent) -> NewEvent:
        """Return the event with what is known of its fate."""
        ...


@dataclass(frozen=True, kw_only=True)
class Retried:
    """What became of a retry: the new position, or the old one and why it is still a dead letter."""

    position: int
    dead: DeadLetter | None


class Letters:
    """The only way from a dead letter back to the planner."""

    def __init__(self, store: LettersStore, judge: Judge, backlog: Backlog, *, clock: Clock, random: Random, planned: Wake) -> None:
        """Take what is needed; `planned` wakes the planner."""
        self._store, self._judge, self._backlog = store, judge, backlog
        self._clock, self._random, self._wake = clock, random, planned

    async def retry(self, position: int, *, note: str, by: str) -> Retried:
        """Judge one anew; `EventUnknown`, `NotADeadLetter`, `BacklogFull`."""
        event = await self._found(position)
        # A person begins its chain anew, whatever had caused it.
        again = replace(event.new, dead=None, received_at=self._clock.now(), hops=0)
        judged = await self._judge.judged(again)
        if judged.dead:
            return Retried(position=position, dead=judged.dead)
        await self._backlog.check()
        told = self._told("dead_letter_retried", event, note, by)
        new = await self._store.retry_dead_letter(position, judged, lambda at: told({"position": str(at), "was": str(position)}))
        self._backlog.added(2)
        self._wake()
        return Retried(position=new, dead=None)

    async def drop(self, position: int, *, note: str, by: str) -> None:
        """Let one go; `EventUnknown`, `NotADeadLetter`."""
        event = await self._found(position)
        await self._store.drop_dead_letter(position, self._told("dead_letter_dropped", event, note, by)({"position": str(position)}))
        self._wake()

    async def _found(self, position: int) -> Event:
        event = await self._store.event(position)
        if event is None:
            raise EventUnknown(f"there is no event {position}")
        if event.status is not EventStatus.DEAD_LETTER:
            raise NotADeadLetter(f"event {position} is {event.status.value.replace('_', ' ')}")
        return event

    def _told(self, what: str, event: Event, note: str, by: str) -> Callable[[JsonObject], NewEvent]:
        new, reason = event.new, event.new.dead.reason.value if event.new.dead else ""
        data: JsonObject = {"source": new.source, "id": new.id, "type": new.type, "reason": reason, "by": by, "note": note}
        return lambda more: operator_event(what, new.subject, data | more, self._clock, self._random)
