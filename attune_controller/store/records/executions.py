"""Executions as the store keeps them, and the moves that reports make of them.

Written by planning, dispatch and reports; read by the API.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from attune_controller.store.records.events import NewEvent
from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonValue

#: The place of queues that all agents share (`scope: fleet`).
FLEET = "*"


@dataclass(frozen=True, kw_only=True, order=True)
class QueueKey:
    """(place, action, key): one strict FIFO. key is canonical JSON."""

    place: str
    action: str
    key: str


@dataclass(frozen=True, kw_only=True)
class NewExecution:
    """What planning decided; `agent` empty: no match yet, it waits unsequenced in position order."""

    id: str
    event: int
    rule: str
    action: str
    pack: str
    digest: str
    revision: str
    input: Mapping[str, JsonValue]
    secrets: Mapping[str, str]
    key: str
    match: Mapping[str, str]
    agent: str
    accepted_at: float
    hops: int
    traceparent: str = ""
    #: What its rate is counted with, canonical JSON; empty: `key`.
    rate_key: str = ""
    #: Set for an execution that is settled by planning itself (for instance policy_denied).
    rejected: Reason | None = None
    detail: str = ""
    #: It stands in the fleet's queue, not in one of its agent's own.
    fleet: bool = False
    #: It is of a group of events and was made when that ended, after what newer events gave.
    late: bool = False


@dataclass(frozen=True, kw_only=True)
class Execution:
    """A stored execution. sequence 0: not yet sequenced. handed: offered to the agent (durable before it is sent).

    ready_at: it is to be tried again at the tail and takes its place there then; until then it has none, `sequence` is its old one.
    requeuing: its agent is asked to give it back.
    """

    new: NewExecution
    number: int
    agent: str
    epoch: int
    sequence: int
    state: State
    handed: bool
    cancelling: bool
    attempt: int
    outcome: Outcome | None = None
    reason: Reason | None = None
    detail: str = ""
    exit_code: int | None = None
    result: JsonValue = None
    started_at: float = 0.0
    settled_at: float = 0.0
    ready_at: float = 0.0
    requeuing: bool = False
    #: When it lost the agent that it had been placed on, because that one was forgotten.
    released_at: float = 0.0

    @property
    def queue(self) -> QueueKey:
        """The queue it stands in."""
        return QueueKey(place=FLEET if self.new.fleet else self.agent, action=self.new.action, key=self.new.key)


@dataclass(frozen=True, kw_only=True)
class Move:
    """A report to be stored: the execution's next state; `completion` is the event a settled one becomes, committed with it.

    State `queued` gives it back from the place `sequence` for a new one at `ready_at` (0: at once). If it is being
    cancelled, or `ends`, it ends instead: for that `outcome`, `reason` and `completion` are there.
    """

    execution: str
    attempt: int
    state: State
    at: float
    outcome: Outcome | None = None
    reason: Reason | None = None
    detail: str = ""
    exit_code: int | None = None
    result: JsonValue = None
    completion: NewEvent | None = None
    sequence: int = 0
    ready_at: float = 0.0
    ends: bool = False
    #: It is to be done only while nobody was handed the execution.
    unhanded: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of one execution, in the controller's own order: `n` grows with every commit. queue None: it has none yet."""

    n: int
    number: int
    execution: str
    event: int
    queue: QueueKey | None
    epoch: int
    sequence: int
    state: State
    attempt: int
    outcome: Outcome | None = None
    #: Its execution is `late`.
    late: bool = False


#: Says how an execution of an agent that is gone ends; None: it does not.
End: TypeAlias = Callable[[Execution], Move | None]
