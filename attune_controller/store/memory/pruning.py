"""What the memory store forgets.

Part of MemoryStore.
"""

import math
from itertools import islice

from attune_controller.store.memory.groups import forget_ends
from attune_controller.store.memory.opened import Opened
from attune_controller.store.memory.tables import Tables
from attune_controller.store.records.events import Event, EventStatus
from attune_controller.store.records.executions import Execution
from attune_controller.store.records.standing import Pruned
from attune_core.states import State


class MemoryPruning(Opened):
    """See port.Pruning."""

    async def prune_events(
        self, *, before: float, now: float, after: int, limit: int, dead_before: float = math.inf, dead_keep: int = 1_000_000
    ) -> Pruned:
        """See the port."""
        tables, removed, last = self.tables, 0, after
        waiting = {member.position for group in tables.groups.values() for member in group.members}
        dead = {position for position, event in tables.events.items() if event.status is EventStatus.DEAD_LETTER}
        dead = set(sorted(dead, reverse=True)[:dead_keep])
        looked = list(islice((event for position, event in tables.events.items() if position > after), limit))
        for event in looked:
            if before <= event.new.received_at <= now:
                return Pruned(removed=removed, after=None)
            last = event.position
            bound = min(before, dead_before) if event.position in dead else before
            if event.new.received_at < bound and event.position not in waiting and _is_over(tables, event):
                _forget_event(tables, event)
                removed += 1
        return Pruned(removed=removed, after=last if len(looked) == limit else None)

    async def prune_executions(self, *, before: float, now: float, keep: int, after: int, limit: int) -> Pruned:
        """See the port."""
        tables, removed, last = self.tables, 0, after
        looked = list(islice((one for number, one in tables.executions.items() if number > after), limit))
        for execution in looked:
            beyond = execution.number <= tables.numbers - keep
            if not beyond and before <= execution.new.accepted_at <= now:
                return Pruned(removed=removed, after=None)
            last = execution.number
            if execution.state is State.SETTLED and (beyond or execution.settled_at < before):
                _forget_execution(tables, execution)
                removed += 1
        return Pruned(removed=removed, after=last if len(looked) == limit else None)

    async def prune_join_tokens(self, *, before: float) -> int:
        """See the port."""
        tokens = self.tables.join_tokens
        over = [digest for digest, token in tokens.items() if token.expires_at < before or 0 < token.used_at < before]
        for digest in over:
            del tokens[digest]
        return len(over)

    async def packs_in_use(self) -> frozenset[str]:
        """See the port."""
        return frozenset(one.new.digest for one in self.tables.executions.values() if one.state is not State.SETTLED)


def _is_over(tables: Tables, event: Event) -> bool:
    numbers = tables.numbers_by_event.get(event.position, ())
    return event.position not in tables.unplanned and all(tables.executions[number].state is State.SETTLED for number in numbers)


def _forget_event(tables: Tables, event: Event) -> None:
    del tables.events[event.position]
    forget_ends(tables, event.position)
    of_id = tables.positions_by_id[event.new.id]
    del of_id[event.new.source]
    if not of_id:
        del tables.positions_by_id[event.new.id]
    if event.new.body_digest:
        del tables.ids_by_body[event.new.source, event.new.body_digest]


def _forget_execution(tables: Tables, execution: Execution) -> None:
    number, event = execution.number, execution.new.event
    del tables.executions[number], tables.sizes[number], tables.numbers_by_id[execution.new.id]
    tables.numbers_by_event[event].remove(number)
    if not tables.numbers_by_event[event]:
        del tables.numbers_by_event[event]
    tables.steps[:] = [step for step in tables.steps if step.number != number]
