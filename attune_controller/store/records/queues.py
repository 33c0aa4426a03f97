"""Queues as the store keeps them: what is handed over, what stands where, and what holds a queue back.

Written by dispatch and holding; read by explaining and the API.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from attune_controller.store.records.executions import Execution, QueueKey
from attune_core.marks import Mark
from attune_core.wire.assignment import Rate


@dataclass(frozen=True, kw_only=True)
class Handover:
    """One execution to send, with the sequence that must be the agent's last of that queue."""

    execution: Execution
    after: int


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A queue at one moment, up to a sequence: how many unsettled executions it has, how many stand before that, and the first of these."""

    depth: int = 0
    ahead: int = 0
    before: Sequence[Execution] = ()


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What an agent is handed now. `held`: the queues that a rate holds back, and when it lets them go, seconds of the epoch."""

    handovers: Sequence[Handover]
    held: Mapping[QueueKey, float] = field(default_factory=dict)

    @property
    def again_at(self) -> float | None:
        """Return when the first of them goes on, None when no rate holds anything."""
        return min(self.held.values(), default=None)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the active revision lets of an action be handed over: so many of a queue of the fleet, and a rate that all agents share."""

    limit: int = 1
    rate: Rate | None = None


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """What was left of a rate, and when, seconds of the epoch."""

    tokens: float
    at: float


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A queue of every agent, or with key None every queue of an action, of which operators let nothing new start."""

    action: str
    key: str | None
    mark: Mark


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """A queue with unsettled executions; `returning` of them have no place until their back-off is over, head None: all of them."""

    id: int
    queue: QueueKey
    epoch: int
    waiting: int
    unstarted: int
    unsettled: int
    returning: int
    head: Execution | None


@dataclass(frozen=True, kw_only=True)
class QueuePage:
    """Some of a queue's unsettled executions in their order, and how many stand before them."""

    before: int
    executions: Sequence[Execution]
