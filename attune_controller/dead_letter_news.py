"""News of dead letters: the event `core.dead_letter` that tells of one, at most so many a minute, and none of itself.

Asked by intake and planning, which store it in the transaction that makes the dead letter. A chain that was cut at the limit of hops is
told too, one hop beyond it; what a rule on that causes is cut again, and not told.
"""

from collections.abc import Callable
from dataclasses import replace

from attune_controller.drafting import DEAD_LETTER, unheard
from attune_controller.internal_events import internal_event
from attune_controller.source_rates import Buckets
from attune_controller.store.records.events import Event, NewEvent
from attune_controller.store.records.plans import PlannedEvent
from attune_core.catalog.catalog import Catalog
from attune_core.dead_letters import HOP_LIMIT, DeadLetter
from attune_core.ports import Clock, Random
from attune_core.values import JsonObject

#: Told a minute: of one source, and of all.
OF_SOURCE, OF_ALL = 10, 100


class DeadLetterNews:
    """What is told of dead letters."""

    def __init__(self, catalog: Callable[[], Catalog | None], clock: Clock, random: Random) -> None:
        """Take what returns the active catalog, which says whether anybody hears it."""
        self._catalog, self._clock, self._random = catalog, clock, random
        self.told = Buckets()
        self._all = Buckets()

    def of(self, event: NewEvent, dead: DeadLetter) -> NewEvent | None:
        """Return the event that tells of a dead letter, None when there is none to be."""
        if event.type == DEAD_LETTER or event.hops > HOP_LIMIT + 1 or not self._may_tell(event.source):
            return None
        letter: JsonObject = {
            "source": event.source,
            "id": event.id,
            "type": event.type,
            "reason": dead.reason.value,
            "detail": dead.detail,
        }
        told = internal_event(
            "dead_letter",
            event.subject,
            letter,
            self._clock,
            self._random,
            hops=min(event.hops + 1, HOP_LIMIT + 1),
        )
        return replace(told, unheard=unheard(told, self._catalog()))

    def added(self, event: Event, plan: PlannedEvent) -> PlannedEvent:
        """Return the plan of an event with what tells of it, when it is a dead letter."""
        told = self.of(event.new, plan.dead) if plan.dead else None
        return replace(plan, notices=(*plan.notices, told)) if told else plan

    def _may_tell(self, source: str) -> bool:
        now = self._clock.monotonic()
        if self.told.take(source, rate=OF_SOURCE / 60, most=OF_SOURCE, now=now):
            return False
        return not self._all.take("", rate=OF_ALL / 60, most=OF_ALL, now=now)
