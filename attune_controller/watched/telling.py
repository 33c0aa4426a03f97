"""Telling: puts into words for `changes` what the parts of the controller have just stored.

Told by the assembly at the places where a commit is over. While nobody watches, each of these is one look at a flag.
"""

from collections.abc import Iterable

from attune_controller.fleet import FleetAgent
from attune_controller.store.records.events import Acceptance, NewEvent
from attune_controller.store.records.executions import Execution
from attune_controller.store.records.plans import PlannedEvent
from attune_controller.store.records.queues import Hold
from attune_controller.store.records.standing import Sync
from attune_controller.watched.changes import Changes
from attune_core.ports import Clock, rfc3339
from attune_core.wire.changes import AgentChange, EventChange, ExecutionChange, QueueChange, RevisionChange, SensorChange


class Telling:
    """Tells whoever watches."""

    def __init__(self, changes: Changes, clock: Clock) -> None:
        """Take where to tell it, and the clock that dates it."""
        self._changes, self._clock = changes, clock

    def event(self, event: NewEvent, acceptance: Acceptance) -> None:
        """An event came; that it was planned, too, is told already."""
        if self._changes.live and not (acceptance.duplicate or acceptance.planned):
            status = "dead_letter" if event.dead else "planned" if event.unheard else "accepted"
            self._event(acceptance.position, event, status, 0)

    def planned(self, events: Iterable[tuple[NewEvent, PlannedEvent]]) -> None:
        """Events were planned."""
        if self._changes.live:
            for event, plan in events:
                self._event(plan.position, event, "dead_letter" if plan.dead else "planned", len(plan.executions))

    def moved(self, executions: Iterable[Execution]) -> None:
        """Executions were made, placed, moved or ended."""
        if not self._changes.live:
            return
        at = rfc3339(self._clock.now())
        for one in executions:
            change = ExecutionChange(
                id=one.new.id,
                number=one.number,
                action=one.new.action,
                rule=one.new.rule,
                event=one.new.event,
                agent=one.agent,
                queue_key=one.new.key,
                state=one.state,
                attempt=one.attempt,
                outcome=one.outcome,
                reason=one.reason,
                exit_code=one.exit_code,
                at=at,
            )
            self._changes.tell(change)

    def held(self, hold: Hold, /, *, paused: bool, by: str) -> None:
        """A queue was paused or resumed."""
        if self._changes.live:
            note = hold.mark.note if paused else ""
            self._changes.tell(QueueChange(action=hold.action, key=hold.key, paused=paused, note=note, by=by))

    def agent(self, before: FleetAgent | None, after: FleetAgent | None) -> None:
        """An agent came, went, was marked or forgotten, or said how it is; what is not in the documents is no change."""
        if not self._changes.live:
            return
        if after is None:
            if before is not None:
                self._changes.tell(AgentChange(name=before.name, state="forgotten"))
                self._changes.unsure()  # its executions have ended, or wait for another one
            return
        if before is None or _agent(before) != _agent(after):
            self._changes.tell(_agent(after))
        if after.status is not None:
            known = {one.sensor: one.state for one in before.status.sensors} if before and before.status else {}
            for sensor in after.status.sensors:
                if known.get(sensor.sensor) != sensor.state:
                    self._changes.tell(SensorChange(sensor=sensor.sensor, agent=after.name, state=sensor.state))

    def revision(self, sync: Sync) -> None:
        """Another revision is active, or one was refused."""
        if self._changes.live:
            change = RevisionChange(
                active_revision=sync.active_revision,
                observed_revision=sync.observed_revision,
                step=sync.step,
                code=sync.code,
                message=sync.message,
            )
            self._changes.tell(change)

    def _event(self, position: int, event: NewEvent, status: str, executions: int) -> None:
        change = EventChange(position=position, id=event.id, source=event.source, type=event.type, status=status, executions=executions)
        self._changes.tell(change)


def _agent(agent: FleetAgent) -> AgentChange:
    return AgentChange(
        name=agent.name,
        state="connected" if agent.connected else "unreachable",
        marks=_marks(agent),
        host_pause=agent.status.host_pause if agent.status else "",
    )


def _marks(agent: FleetAgent) -> tuple[str, ...]:
    return tuple(sorted(kind.value for kind in agent.marks))
