"""Holding: pauses and resumes queues, or all queues of an action, durably, and lets every agent know.

Called by the API for operators, and by the composition root when a stream opens. Each change is an event of its own, `core.queue_paused` or
`core.queue_resumed`; asking for what is so already changes nothing. Agents go by it (nothing new of the queue starts), here it is kept.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from attune_controller.errors import SessionError, TooManyHolds
from attune_controller.internal_events import operator_event
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.sessions.session import Session
from attune_controller.store.backlog import Holds
from attune_controller.store.records.queues import Hold
from attune_core.marks import Mark
from attune_core.ports import Clock, Random
from attune_core.safe_text import safe_text
from attune_core.values import JsonObject
from attune_core.wire.stream_frames import HoldQueue, HoldQueues, HoldQueuesFrame

#: Bytes of all paused queues together, as agents are told of them: half a line of the wire.
LIMIT = 1 << 20


class HoldTold(Protocol):
    """Who watches queues."""

    def __call__(self, hold: Hold, /, *, paused: bool, by: str) -> None:
        """Hear that a queue was paused or resumed."""
        ...


class Holding:
    """The only writer of holds."""

    def __init__(self, store: Holds, sessions: OpenSessions, *, clock: Clock, random: Random) -> None:
        """Take what is needed."""
        self._store, self._sessions, self._clock, self._random = store, sessions, clock, random
        self._holds: Mapping[tuple[str, str | None], Hold] = {}
        self._one_at_a_time = asyncio.Lock()
        #: Wakes the planner: each change is an event, which waits for nothing else to happen.
        self.planned: Callable[[], None] = _nobody
        #: Told of what was paused, or of what is no more.
        self.told_of: HoldTold = _unwatched
        self._log = structlog.get_logger("holding")

    async def restore(self) -> None:
        """Take over what the store knows, at the start."""
        self._holds = {(hold.action, hold.key): hold for hold in await self._store.queue_holds()}

    def all(self) -> Sequence[Hold]:
        """Return all, by action and key, an action's own first."""
        return sorted(self._holds.values(), key=lambda hold: (hold.action, hold.key or ""))

    def of(self, action: str, key: str) -> Sequence[Hold]:
        """Return what holds a queue: its action's pause and its own."""
        return [hold for place in ((action, None), (action, key)) if (hold := self._holds.get(place))]

    def told(self) -> tuple[HoldQueue, ...]:
        """Return what agents are told."""
        return tuple(HoldQueue(action=hold.action, key=hold.key, mark=hold.mark) for hold in self.all())

    async def put(self, action: str, key: str | None, *, note: str, by: str) -> Hold:
        """Pause; what is paused already keeps its time, and its note unless another one is given. `TooManyHolds`."""
        async with self._one_at_a_time:
            known = self._holds.get((action, key))
            hold = known or Hold(action=action, key=key, mark=Mark(note=note, by=by, since=self._clock.now()))
            if known and note != known.mark.note:
                hold = replace(known, mark=known.mark.model_copy(update={"note": note, "by": by}))
            if hold == known:
                return hold
            holds = {**self._holds, (action, key): hold}
            _check_size(holds.values())
            await self._store.put_hold(
                hold, operator_event("queue_paused", action, _data(action, key, by, note), self._clock, self._random)
            )
            self._changed(holds, "paused", action, by, note)
            self.told_of(hold, paused=True, by=by)
            return hold

    async def lift(self, action: str, key: str | None, *, by: str) -> bool:
        """Resume; False when it was not paused."""
        async with self._one_at_a_time:
            if (hold := self._holds.get((action, key))) is None:
                return False
            event = operator_event("queue_resumed", action, _data(action, key, by, ""), self._clock, self._random)
            await self._store.lift_hold(action, key, event)
            self._changed({place: hold for place, hold in self._holds.items() if place != (action, key)}, "resumed", action, by, "")
            self.told_of(hold, paused=False, by=by)
            return True

    def tell(self, session: Session) -> None:
        """Send what the agent has not been told on this session; without room for it the session ends, and the next welcome says it."""
        holds = self.told()
        if holds == session.told_holds:
            return
        session.told_holds = holds
        try:
            session.outbox.put(lambda n: HoldQueuesFrame(n=n, body=HoldQueues(holds=holds)))
        except SessionError as error:
            session.end(error)

    def _changed(self, holds: Mapping[tuple[str, str | None], Hold], what: str, action: str, by: str, note: str) -> None:
        self._holds = holds
        self.planned()
        self._log.info(f"queue_{what}", action=action, by=by, note=safe_text(note))
        for session in self._sessions:
            if session.streaming:
                self.tell(session)
                session.work.set()  # the queues of the fleet stand here, and one of them may go on


def _nobody() -> None:
    """Nobody plans."""


def _unwatched(_hold: Hold, /, *, paused: bool, by: str) -> None:
    """Nobody watches queues."""


def _data(action: str, key: str | None, by: str, note: str) -> JsonObject:
    return {"action": action, "key": key, "by": by, "note": note}


def _check_size(holds: Collection[Hold]) -> None:
    """Refuse more than agents can be told in one frame."""
    told = HoldQueues(holds=tuple(HoldQueue(action=hold.action, key=hold.key, mark=hold.mark) for hold in holds))
    if len(told.model_dump_json().encode()) > LIMIT:
        raise TooManyHolds(f"{len(holds)} paused queues are more than agents can be told")
