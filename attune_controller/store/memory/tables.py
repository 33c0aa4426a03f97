"""What the memory store remembers, and the indexes that follow each execution as it changes.

The memory store's noun modules read and write it; nothing here waits, so every call on it is one transaction.
"""

from dataclasses import dataclass, field

from attune_controller.store.errors import ExecutionUnknown
from attune_controller.store.records.agents import Agent, Unmerged
from attune_controller.store.records.credentials import ApiToken, JoinToken
from attune_controller.store.records.events import Event
from attune_controller.store.records.executions import Execution, QueueKey, Step
from attune_controller.store.records.groups import GroupEnd
from attune_controller.store.records.queues import Bucket, Hold
from attune_controller.store.records.sensors import Seat
from attune_controller.store.records.standing import Sync
from attune_controller.store.records.timers import Progress
from attune_controller.store.transitions import is_unstarted, is_waiting, released
from attune_core.marks import Marks
from attune_core.rules.groups import Group
from attune_core.rules.throttling import Admission, ThrottleKey
from attune_core.states import State


@dataclass
class QueueRow:
    """One queue: its counters, and the numbers of its executions that are unsettled, wait, or are handed over and not started."""

    made: int
    key: QueueKey
    epoch: int = 0
    last_sequence: int = 0
    last_handed: int = 0
    turn: int = 0
    unsettled: dict[int, None] = field(default_factory=dict)
    waiting: dict[int, None] = field(default_factory=dict)
    unstarted: dict[int, None] = field(default_factory=dict)
    #: The last that each agent was handed, of a queue of the fleet.
    chains: dict[str, int] = field(default_factory=dict)


@dataclass
class Tables:
    """Everything, by its key; dicts without values are sets that keep their order."""

    incarnation: str = ""
    unmerged: dict[str, Unmerged] = field(default_factory=dict)
    positions: int = 0
    numbers: int = 0
    turns: int = 0
    step_count: int = 0
    events: dict[int, Event] = field(default_factory=dict)
    positions_by_id: dict[str, dict[str, int]] = field(default_factory=dict)
    ids_by_body: dict[tuple[str, str], str] = field(default_factory=dict)
    unplanned: dict[int, None] = field(default_factory=dict)
    executions: dict[int, Execution] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    sizes: dict[int, int] = field(default_factory=dict)
    numbers_by_id: dict[str, int] = field(default_factory=dict)
    numbers_by_event: dict[int, list[int]] = field(default_factory=dict)
    without_agent: dict[int, None] = field(default_factory=dict)
    cancelling: dict[int, None] = field(default_factory=dict)
    queues: dict[QueueKey, QueueRow] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    holds: dict[tuple[str, str | None], Hold] = field(default_factory=dict)
    marks: dict[str, Marks] = field(default_factory=dict)
    buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    join_tokens: dict[str, JoinToken] = field(default_factory=dict)
    admissions: dict[ThrottleKey, Admission] = field(default_factory=dict)
    groups: dict[ThrottleKey, Group] = field(default_factory=dict)
    group_ends: dict[ThrottleKey, dict[int, GroupEnd]] = field(default_factory=dict)
    api_tokens: dict[str, ApiToken] = field(default_factory=dict)
    seats: dict[tuple[str, str], Seat] = field(default_factory=dict)
    conditions: dict[tuple[str, str], float] = field(default_factory=dict)
    sync: Sync = field(default_factory=Sync)
    timers: dict[str, Progress] = field(default_factory=dict)

    def by_id(self, execution: str) -> Execution:
        """Return the execution with this id; `ExecutionUnknown` without one."""
        number = self.numbers_by_id.get(execution)
        if number is None:
            raise ExecutionUnknown(f"there is no execution {execution}")
        return self.executions[number]

    def next_place(self, key: QueueKey) -> tuple[int, int]:
        """Take the next place of a queue, which is made when it is new; return (epoch, sequence)."""
        queue = self.queues.setdefault(key, QueueRow(made=len(self.queues), key=key))
        queue.last_sequence += 1
        return queue.epoch, queue.last_sequence

    def put(self, execution: Execution) -> None:
        """Store an execution's new state in everything that is counted from it."""
        number = execution.number
        before = self.executions.get(number)
        if before and before.sequence and (before.queue, before.sequence) != (execution.queue, execution.sequence):
            left = self.queues[before.queue]
            for counted in (left.unsettled, left.waiting, left.unstarted):
                counted.pop(number, None)
        if _is_step(before, execution):
            self.step_count += 1
            self.steps.append(_step(self.step_count, execution))
        self.executions[number] = execution
        _member(self.without_agent, number, belongs=not execution.agent and execution.state is not State.SETTLED)
        _member(self.cancelling, number, belongs=execution.cancelling)
        if execution.sequence:
            queue = self.queues[execution.queue]
            _member(queue.unsettled, number, belongs=execution.state is not State.SETTLED)
            _member(queue.waiting, number, belongs=is_waiting(execution))
            _member(queue.unstarted, number, belongs=is_unstarted(execution))

    def release(self, execution: Execution, at: float) -> None:
        """Take a waiting execution from its agent."""
        self.put(released(execution, at))


def _is_step(before: Execution | None, after: Execution) -> bool:
    if before is None or _place(before) != _place(after):
        return True
    return after.state in (State.STARTED, State.SETTLED) and (before.state, before.attempt) != (after.state, after.attempt)


def _place(execution: Execution) -> tuple[QueueKey | None, int, int, float]:
    return execution.queue if execution.sequence else None, execution.epoch, execution.sequence, execution.ready_at


def _step(n: int, execution: Execution) -> Step:
    queue, epoch, sequence, ready_at = _place(execution)
    return Step(
        n=n,
        number=execution.number,
        execution=execution.new.id,
        event=execution.new.event,
        queue=None if ready_at else queue,
        epoch=epoch,
        sequence=0 if ready_at else sequence,
        state=execution.state,
        attempt=execution.attempt,
        outcome=execution.outcome,
        late=execution.new.late,
    )


def _member(of: dict[int, None], number: int, *, belongs: bool) -> None:
    if belongs:
        of[number] = None
    else:
        of.pop(number, None)
