"""Executions in memory: pages of them, and the moves that reports make.

Part of MemoryStore; the rules of a move are transitions.after_move.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from attune_controller.store.encoding import decode, encode
from attune_controller.store.errors import NotCancellable
from attune_controller.store.memory.events import insert_completion
from attune_controller.store.memory.opened import Opened
from attune_controller.store.memory.tables import Tables
from attune_controller.store.records.agents import Load
from attune_controller.store.records.events import EventStatus
from attune_controller.store.records.executions import FLEET, Execution, Move
from attune_controller.store.records.standing import Counts, Filter
from attune_controller.store.reference import execution_number
from attune_controller.store.transitions import after_move, check_move, placed, placed_again, queue_for
from attune_core.states import State


class MemoryExecutions(Opened):
    """See port.Executions."""

    async def execution(self, id_or_number: str) -> Execution | None:
        """See the port."""
        tables = self.tables
        number = tables.numbers_by_id.get(id_or_number, execution_number(id_or_number))
        return None if number is None else tables.executions.get(number)

    async def executions(
        self,
        *,
        before: int | None,
        limit: int,
        state: Filter = None,
        action: Filter = None,
        agent: Filter = None,
        event: int | None = None,
        after: int | None = None,
    ) -> Sequence[Execution]:
        """See the port."""
        rows = self.tables.executions.items()
        found = (
            execution
            for number, execution in (reversed(rows) if after is None else iter(rows))
            if (before is None or number < before)
            and (after is None or number > after)
            and (state is None or state in (execution.state, execution.outcome))
            and (action is None or execution.new.action == action)
            and (agent is None or execution.agent == agent)
            and (event is None or execution.new.event == event)
        )
        return list(islice(found, limit))

    async def executions_of_events(self, positions: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """See the port."""
        tables = self.tables
        return {
            position: [tables.executions[number].new.id for number in tables.numbers_by_event.get(position, ())] for position in positions
        }

    async def waiting_for_agent(self, *, limit: int, after: tuple[int, int] = (0, 0)) -> Sequence[Execution]:
        """See the port."""
        tables = self.tables
        order = sorted((tables.executions[number].new.event, number) for number in tables.without_agent)
        return [tables.executions[number] for event, number in order if (event, number) > after][:limit]

    async def place(self, execution: str, agent: str) -> Execution:
        """See the port."""
        found = self.tables.by_id(execution)
        if found.agent or found.state is State.SETTLED:
            return found
        epoch, sequence = found.epoch, found.sequence
        if not sequence:
            epoch, sequence = self.tables.next_place(queue_for(found.new, agent))
        found = placed(found, agent, epoch=epoch, sequence=sequence)
        self.tables.put(found)
        return found

    async def record_moves(self, moves: Sequence[Move]) -> Sequence[Execution]:
        """See the port."""
        tables = self.tables
        kept = [kept_move(move) for move in moves]
        changed = []
        for move in kept:
            number = tables.numbers_by_id.get(move.execution)
            if number is not None and (after := after_move(tables.executions[number], move)):
                changed.append(settle_or_go_on(tables, after, move))
        return changed

    async def request_cancel(self, execution: str, move: Move) -> Execution:
        """See the port."""
        kept = kept_move(move)
        found = self.tables.by_id(execution)
        if found.state is State.SETTLED:
            raise NotCancellable(f"the execution {execution} is settled: {found.outcome}")
        if found.handed:
            found = replace(found, cancelling=True)
            self.tables.put(found)
            return found
        after = after_move(found, kept)
        if after is None:
            raise NotCancellable(f"the execution {execution} cannot go from {found.state} to {kept.state}")
        return settle_or_go_on(self.tables, after, kept)

    async def unsettled_load(self) -> Mapping[str, int]:
        """See the port."""
        return self._by_agent(queue.unsettled for queue in self.tables.queues.values())

    async def loads(self) -> Mapping[str, Load]:
        """See the port."""
        waiting = self._by_agent(queue.waiting for queue in self.tables.queues.values())
        load = await self.unsettled_load()
        return {agent: Load(in_hand=count - waiting[agent], waiting=waiting[agent]) for agent, count in load.items()}

    def _by_agent(self, numbers: Iterable[Iterable[int]]) -> Counter[str]:
        agents = Counter(self.tables.executions[number].agent for some in numbers for number in some)
        del agents[""]  # in the fleet's queues, of agents that are gone
        return agents

    async def keyed_agents(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """See the port."""
        holding = [queue.key for queue in self.tables.queues.values() if queue.unsettled]
        return {
            (action, key): min(places)
            for action, key in keys
            if (places := [queue.place for queue in holding if (queue.action, queue.key) == (action, key) and queue.place != FLEET])
        }

    async def counts(self) -> Counts:
        """See the port."""
        tables = self.tables
        unplaced = sum(not tables.executions[number].sequence for number in tables.without_agent)
        unsettled = unplaced + sum(len(queue.unsettled) for queue in tables.queues.values())
        return Counts(
            events_waiting=len(tables.unplanned),
            executions_unsettled=unsettled,
            agents_enrolled=len(tables.agents),
            dead_letters=sum(event.status is EventStatus.DEAD_LETTER for event in tables.events.values()),
            executions_started=sum(execution.state is State.STARTED for execution in tables.executions.values()),
            queues=sum(bool(queue.unsettled) for queue in tables.queues.values()),
        )


def kept_move(move: Move) -> Move:
    """Return a copy that shares nothing with the caller; refuse here what must not happen after half of a call."""
    check_move(move)
    completion = replace(move.completion, data=decode(encode(move.completion.data))) if move.completion else None
    return replace(move, result=decode(encode(move.result)), completion=completion)


def settle_or_go_on(tables: Tables, after: Execution, move: Move) -> Execution:
    """Store an execution as its move leaves it, with its completion event."""
    if after.state is State.QUEUED and not after.ready_at:
        epoch, sequence = tables.next_place(after.queue)
        after = placed_again(after, epoch=epoch, sequence=sequence)
    tables.put(after)
    if after.state is State.SETTLED and move.completion:
        insert_completion(tables, move.completion)
    return after
