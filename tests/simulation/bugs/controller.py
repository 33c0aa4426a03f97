"""Bugs of the controller: events, plans, hand-over and reports."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import attune_controller.store.memory.agents
import attune_controller.store.memory.events
import attune_controller.store.memory.executions
import attune_controller.store.memory.queues
import attune_controller.store.transitions
from attune_controller.errors import AgentCloned
from attune_controller.sessions.clones import Clones
from attune_controller.store.dealing import Lane, deal
from attune_controller.store.memory.events import MemoryEvents
from attune_controller.store.memory.leaving import leave
from attune_controller.store.memory.tables import Tables
from attune_controller.store.records.agents import Departure
from attune_controller.store.records.events import Acceptance, Event, NewEvent
from attune_controller.store.records.executions import Execution, Move, NewExecution
from attune_controller.store.records.plans import PlannedEvent
from attune_controller.store.records.queues import Handover
from attune_controller.store.transitions import after_move
from attune_core.failpoints import failpoint
from attune_core.states import State
from attune_core.wire.session import Hello
from tests.simulation.bugs.bug import Bug, replaced
from tests.simulation.controller_disk import SimulatedStore

_give_fate, _unplanned, _insert, _allowed, _greet, _leave = (
    attune_controller.store.memory.events._give_fate,
    SimulatedStore.unplanned,
    attune_controller.store.memory.events._insert_execution,
    attune_controller.store.transitions._allowed,
    Clones.greet,
    leave,
)


def _none_is_known(_tables: Tables, _event: NewEvent) -> Acceptance | None:
    return None


async def _newest_first(self: MemoryEvents, *, limit: int, certain: bool = False) -> Sequence[Event]:
    assert isinstance(self, SimulatedStore)
    return list(reversed(await _unplanned(self, limit=limit, certain=certain)))


def _without_a_transaction(tables: Tables, new: NewExecution, encoded_input: str) -> Execution:
    made = _insert(tables, new, encoded_input)
    failpoint("c4")
    return made


def _past_the_head(lanes: Iterable[Lane], limit: int) -> list[Handover]:
    dealt = deal(lanes, limit)
    by_queue: dict[object, list[Handover]] = {}
    for one in dealt:
        by_queue.setdefault(one.execution.queue, []).append(one)
    turned: list[Handover] = []
    for handovers in by_queue.values():
        executions = [one.execution for one in reversed(handovers)]
        afters = [handovers[0].after, *(execution.sequence for execution in executions)]
        turned += [Handover(execution=execution, after=after) for execution, after in zip(executions, afters, strict=False)]
    return turned


def _new_place_for_a_retry(execution: Execution, move: Move) -> Execution | None:
    after = after_move(execution, move)
    if after is not None and after.attempt > max(execution.attempt, 1) and after.state is not State.SETTLED:
        return replace(after, sequence=after.sequence + 1_000_000)
    return after


def _go_on_after_the_end(execution: Execution, move: Move) -> bool:
    return _allowed(execution, move) or (execution.state is State.SETTLED and move.state is State.STARTED)


def _no_completion(_tables: Tables, _new: NewEvent) -> None:
    """The end of an execution becomes no event."""


def _late_is_a_copy(self: Clones, name: str, hello: Hello, session: str) -> bool:
    if not _greet(self, name, hello, session):
        self._lives[name].locked = True
        raise AgentCloned
    return True


def _in_the_same_epoch(tables: Tables, name: str, end: Callable[[Execution], Move | None], *, released_at: float | None) -> Departure:
    before = {key: queue.epoch for key, queue in tables.queues.items()}
    departure = _leave(tables, name, end, released_at=released_at)
    for key, queue in tables.queues.items():
        queue.epoch = before[key]
        for number in queue.waiting:
            tables.put(replace(tables.executions[number], epoch=queue.epoch))
    return departure


def _second_event_lost(tables: Tables, plan: PlannedEvent) -> None:
    _give_fate(tables, replace(plan, groups=tuple(group for group in plan.groups if group.count == 1)))


_EVENTS, _EXECUTIONS = attune_controller.store.memory.events, attune_controller.store.memory.executions
CONTROLLER_BUGS = (
    Bug(name="an event is accepted again", breaks=("G2",), injected=replaced((_EVENTS, "_known", _none_is_known))),
    Bug(name="events are planned in another order", breaks=("G11",), injected=replaced((SimulatedStore, "unplanned", _newest_first))),
    Bug(
        name="a plan is no transaction",
        breaks=("G3",),
        needs="crash at c4",
        rare=True,
        injected=replaced((_EVENTS, "_insert_execution", _without_a_transaction)),
    ),
    Bug(
        name="dispatch hands over past the head",
        breaks=("G1", "G7"),
        injected=replaced((attune_controller.store.memory.queues, "deal", _past_the_head)),
    ),
    Bug(
        name="an event joins no group that is open",
        breaks=("G1", "G3"),
        rare=True,
        injected=replaced((_EVENTS, "_give_fate", _second_event_lost)),
    ),
    Bug(name="a retry takes a new place", breaks=("G8",), injected=replaced((_EXECUTIONS, "after_move", _new_place_for_a_retry))),
    Bug(
        name="an execution goes on after its end",
        breaks=("G10",),
        injected=replaced((attune_controller.store.transitions, "_allowed", _go_on_after_the_end)),
    ),
    Bug(name="an end becomes no event", breaks=("G1",), injected=replaced((_EXECUTIONS, "insert_completion", _no_completion))),
    Bug(
        name="a new instance begins no epoch",
        breaks=("G1", "G4"),
        needs="new instance",
        injected=replaced((attune_controller.store.memory.agents, "leave", _in_the_same_epoch)),
    ),
    Bug(
        name="a late hello is taken for a copy",
        breaks=("G1",),
        needs="reordering",
        rare=True,
        injected=replaced((Clones, "greet", _late_is_a_copy)),
    ),
)
