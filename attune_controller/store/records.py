"""The rows of the controller's store as frozen values; written by intake, planning, dispatch and reports, read by the API."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from attune_core.marks import Mark
from attune_core.rules.throttling import Admission, ThrottleKey
from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonValue
from attune_core.wire.frames import Rate

#: A word that a list is narrowed to; None: any.
Filter: TypeAlias = str | None
#: The place of queues that all agents share (`scope: fleet`).
FLEET = "*"


class EventStatus(StrEnum):
    """What became of an event; reliability.md G1: exactly one of planned and dead_letter in the end."""

    ACCEPTED = "accepted"
    PLANNED = "planned"
    DEAD_LETTER = "dead_letter"


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An occurrence at the door. `body_digest` is set for hooks that sign only the body: the same one under a new id is refused."""

    source: str
    id: str
    type: str
    subject: str = ""
    time: float
    received_at: float
    data: JsonValue
    hops: int = 0
    body_digest: str = ""
    #: Non-empty: the event is kept as a dead letter with this reason and never planned.
    dead_reason: str = ""
    #: The revision no rule of which is on this type: the event is planned, with nothing, as it is stored, unless one before it waits.
    unheard: str = ""
    traceparent: str = ""


@dataclass(frozen=True, kw_only=True)
class Event:
    """A stored event; position is its place in the controller's order."""

    position: int
    new: NewEvent
    status: EventStatus
    reason: str = ""
    revision: str = ""


@dataclass(frozen=True, kw_only=True)
class RecordedPage:
    """Some events, oldest first; `after` is where the next page goes on, None at the end. There may be more though there are none here."""

    events: Sequence[Event]
    after: int | None


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Answer of `accept_event`: duplicate means (source, id) was there, and position is the first one's."""

    position: int
    duplicate: bool
    #: Set by intake, for the sender: the event is kept as a dead letter, and why.
    dead_reason: str = ""


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
class PlannedEvent:
    """The whole consequence of one event, committed in one transaction (G3). reason non-empty: dead letter."""

    position: int
    revision: str
    executions: tuple[NewExecution, ...] = ()
    dead_reason: str = ""
    #: Kept in the event's `reason` although it was planned: rules whose condition failed with an error, and throttled firings.
    note: str = ""
    #: Firings that throttles admitted: each is from now on the last of its key.
    admissions: Mapping[ThrottleKey, Admission] = field(default_factory=dict)
    #: Events that tell of what could not be done, committed with it.
    notices: tuple[NewEvent, ...] = ()


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


#: Says how an execution of an agent that is gone ends; None: it does not.
End: TypeAlias = Callable[[Execution], Move | None]


@dataclass(frozen=True, kw_only=True)
class Departure:
    """What became of an agent's unsettled executions when it was forgotten, or began anew: how many ended, how many lost their place."""

    ended: int = 0
    released: int = 0


@dataclass(frozen=True, kw_only=True)
class Unmerged:
    """An agent that has not said what it holds since the store came out of a backup: its instance then, and the last number then."""

    instance: str
    numbers: int


@dataclass(frozen=True, kw_only=True)
class Held:
    """What an agent says it holds of a queue."""

    queue: QueueKey
    epoch: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An enrolled agent. Its certificate's fingerprint is sha256 hex over DER."""

    name: str
    labels: Mapping[str, str]
    fingerprint: str
    certificate_expires_at: float
    enrolled_at: float
    instance: str = ""
    boot_id: str = ""
    version: str = ""
    slots: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)
    last_seen_at: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Load:
    """Unsettled executions of one agent: those it was handed, and those that stand in its queues and were not."""

    in_hand: int
    waiting: int


@dataclass(frozen=True, kw_only=True)
class JoinToken:
    """A single-use permission to enrol one name with labels; only the hash is kept."""

    token_hash: str
    name: str
    labels: Mapping[str, str]
    expires_at: float
    used_at: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ApiToken:
    """A credential of a person or program; only the hash is kept."""

    token_hash: str
    name: str
    scopes: frozenset[str]
    created_at: float


@dataclass(frozen=True, kw_only=True)
class Sync:
    """Reconcile's status, written once per pass. problems: dicts as api.ProblemView."""

    active_revision: str = ""
    activated_at: float = 0.0
    observed_revision: str = ""
    observed_at: float = 0.0
    step: str = ""
    code: str = ""
    message: str = ""
    problems: tuple[Mapping[str, JsonValue], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What one look for rows that are no longer kept did: rows removed, and where the next look goes on; None when there is nothing old."""

    removed: int
    after: int | None


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Totals for the status page."""

    events_waiting: int
    executions_unsettled: int
    agents_enrolled: int
