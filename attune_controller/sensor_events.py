"""Sensor events: what sensors print on agents becomes events, in their order and with one commit; answered only afterwards.

Called by sessions/incoming with the event frames of one POST. What does not belong, because the sensor does not declare the trigger or the
agent was never told to run the sensor, is kept as a dead letter: its sender cannot be told otherwise. Who sends is known from the
certificate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from attune_controller.errors import BacklogFull, SourceTooFast
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.sensing import Sensing
from attune_controller.sessions.session import Session
from attune_controller.store.records.events import Acceptance, NewEvent
from attune_core.dead_letters import DeadLetter, DeadReason
from attune_core.ports import Clock
from attune_core.safe_text import safe_text
from attune_core.wire.sensors import SensorEvent
from attune_core.wire.session import TooFast

#: Seconds after which an agent tries again when too much waits.
PAUSE = 1.0


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Events that were not taken: the last ones of those that came, and the last ones of sensors that are too fast; see `Stored`."""

    events: int = 0
    again_in: float = 0.0
    too_fast: Mapping[str, TooFast] = field(default_factory=dict)


class EventDoor(Protocol):
    """The way in for events; intake.Intake."""

    def check_rate(self, source: str) -> None:
        """Count an event of a source; `SourceTooFast` when it has sent as many as it may."""
        ...

    async def accept_all(self, events: Sequence[NewEvent]) -> Sequence[Acceptance]:
        """Store events durably, in their order and with one commit; all of them or, with `BacklogFull`, none."""
        ...


class SensorEvents:
    """The door for sensors."""

    def __init__(self, intake: EventDoor, sensing: Sensing, active: ActiveCatalog, clock: Clock) -> None:
        """Take the way in, who was told to run what, and what the active revision says."""
        self._intake, self._sensing, self._active, self._clock = intake, sensing, active, clock
        self._log = structlog.get_logger("sensor_events")

    async def take(self, session: Session, events: Sequence[SensorEvent]) -> Refused:
        """Store them and return which were not taken: all when too much waits, those that come too fast else."""
        slow, taken = self._too_fast(session.name, events, apart=session.hello.too_fast)
        new = [self._event(session.name, event) for event in taken]
        try:
            acceptances = await self._intake.accept_all(new) if new else ()
        except BacklogFull as error:
            self._log.warning("sensor_events_refused", agent=session.name, events=len(events), code=error.code)
            return Refused(events=len(events), again_in=PAUSE)
        for event, acceptance in zip(new, acceptances, strict=True):
            if acceptance.differs:
                self._log.warning("sensor_event_differs", source=event.source, id=safe_text(event.id, limit=128))
        if slow and not session.hello.too_fast:
            return Refused(events=len(events) - len(new), again_in=max(one.again_in for one in slow.values()))
        return Refused(too_fast=slow)

    def _too_fast(self, agent: str, events: Sequence[SensorEvent], *, apart: bool) -> tuple[dict[str, TooFast], Sequence[SensorEvent]]:
        """Return the sensors that are faster than they may be, and the events that are taken; not `apart`: none after the first such."""
        slow: dict[str, TooFast] = {}
        taken: list[SensorEvent] = []
        for event in events:
            if (known := slow.get(event.sensor)) is not None:
                slow[event.sensor] = TooFast(events=known.events + 1, again_in=known.again_in)
                continue
            if slow and not apart:
                continue
            try:
                self._intake.check_rate(_source(agent, event))
            except SourceTooFast as error:
                slow[event.sensor] = TooFast(events=1, again_in=max(error.retry_after, PAUSE))
            else:
                taken.append(event)
        return slow, taken

    def _event(self, agent: str, event: SensorEvent) -> NewEvent:
        return NewEvent(
            source=_source(agent, event),
            id=event.id,
            type=event.trigger,
            subject=event.subject,
            time=event.time,
            received_at=self._clock.now(),
            data=dict(event.data),
            dead=self._misplaced(agent, event),
        )

    def _misplaced(self, agent: str, event: SensorEvent) -> DeadLetter | None:
        """Return why an event is not this agent's and this sensor's to send; None when it is."""
        seat = self._sensing.seat(event.sensor, agent)
        if seat is None:
            detail = f"{agent} was never told to run the sensor {event.sensor}"
            return DeadLetter(reason=DeadReason.NOT_EMITTED, detail=detail)
        catalog = self._active.catalog
        sensor = catalog.sensors.get(event.sensor) if catalog else None
        emits = seat.emits.union(sensor.document.emits if sensor else ())
        if event.trigger in emits:
            return None
        detail = f"the sensor {event.sensor} does not declare that it emits {event.trigger}"
        return DeadLetter(reason=DeadReason.NOT_EMITTED, detail=detail)


def _source(agent: str, event: SensorEvent) -> str:
    return f"attune:sensors/{agent}/{event.sensor}"
