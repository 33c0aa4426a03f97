"""Watch: the controller's numbers at one moment, and why it cannot work, for /metrics and /ready.

Made by the composition root; asked by the metrics listener, and for readiness by the public one too. Nothing here is kept up to date
between two questions: what the parts know anyway is read when somebody asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attune_controller.assembly import Assembly
from attune_controller.bounds import Bounds
from attune_controller.store.port import Store
from attune_controller.watched.ready import not_ready
from attune_core.metrics.family import Family, Queue, counter, gauge, queue_families
from attune_core.version import VERSION


@dataclass(frozen=True, kw_only=True)
class Watch:
    """The controller, seen from outside."""

    store: Store
    assembly: Assembly
    bounds: Bounds

    def not_ready(self) -> Sequence[str]:
        """Return why events are not accepted, or nothing becomes of them."""
        return not_ready(self.store.alarm, has_revision=self.assembly.active.catalog is not None)

    async def families(self) -> Sequence[Family]:
        """Return everything."""
        return [
            Family(name="info", help="Which program this is.", labels=("program", "version"), samples=[(("controller", VERSION), 1)]),
            gauge("ready", "Whether /ready says yes.", not self.not_ready()),
            *self._events(),
            *await self._executions(),
            *await self._sync(),
            *self._timers(),
        ]

    def _events(self) -> Sequence[Family]:
        refused = self.assembly.tally.refused
        results = {**self.assembly.tally.events, "differing": self.assembly.intake.differing}
        return [
            counter("events", "Events that came, by what became of them at the door.", "result", results),
            Family(
                name="hook_requests_refused",
                help="Requests to webhooks that were not taken, by the error's code.",
                kind="counter",
                labels=("hook", "code"),
                samples=[(pair, count) for pair, count in refused.items()],
            ),
        ]

    async def _executions(self) -> Sequence[Family]:
        counts = await self.store.counts()
        connected = self.assembly.fleet.connected()
        states: Mapping[str, int] = {"connected": connected, "unreachable": counts.agents_enrolled - connected}
        await self.assembly.backlog.count()  # which knows otherwise only that it is not more
        queues = [Queue(name=one.name, depth=one.depth, bound=one.limit) for one in self.bounds.rows()]
        return [
            gauge("events_waiting", "Accepted events that are not planned.", counts.events_waiting),
            gauge("dead_letters", "Events that are kept because they could not be planned.", counts.dead_letters),
            gauge("executions_unsettled", "Executions that have not ended.", counts.executions_unsettled),
            counter("executions_settled", "Executions that ended since the start, by outcome.", "outcome", self.assembly.tally.settled),
            Family(name="agents", help="Enrolled agents.", labels=("state",), samples=[((word,), n) for word, n in states.items()]),
            *queue_families(queues),
        ]

    async def _sync(self) -> Sequence[Family]:
        sync = await self.store.sync()
        return [
            gauge("sync_failing", "Whether the newest revision is refused, or git cannot be read.", bool(sync.code)),
            gauge("revision_activated_timestamp_seconds", "When the active revision went live.", sync.activated_at),
            gauge("store_alarm", "Whether the disk of the store is full, so that nothing new is accepted.", bool(self.store.alarm)),
        ]

    def _timers(self) -> Sequence[Family]:
        followed = self.assembly.timers.all_progress()
        missed = sum(one.missed_in_all for one in followed)
        return [
            gauge("timers", "Timers of the active revision.", len(followed)),
            # Not a counter: those of a timer that is removed are gone with it.
            gauge("timers_missed_due_times", "Due times of these timers that became no tick.", missed),
        ]
