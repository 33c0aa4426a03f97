"""The rows of the agent's state as frozen values; written by the inbox and the ledger, read by admission and recovery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, NewType

from attune_agent.rate import BucketKey, Token
from attune_core.marks import Mark
from attune_core.states import Reason
from attune_core.values import JsonValue
from attune_core.wire.agent_frames import Report
from attune_core.wire.assignment import Assign, Policy, QueueName
from attune_core.wire.stream_frames import HoldQueue

#: Bodies up to about this size stay in memory from arrival to start; larger ones are read back from disk. Characters.
SMALL_BODY = 16 << 10


class QueueKey(NamedTuple):
    """(place, action, key): one strict FIFO; key is canonical JSON."""

    place: str
    action: str
    key: str

    def name(self) -> QueueName:
        """Return it as it stands in frames."""
        return QueueName(place=self.place, action=self.action, key=self.key)

    @classmethod
    def of(cls, name: QueueName) -> "QueueKey":
        """Return the key of a frame's queue."""
        return cls(name.place, name.action, name.key)


class Phase(StrEnum):
    """Where an execution in hand is. Only `preparing` is never stored: after a restart it is `waiting` (or `asked`) again."""

    WAITING = "waiting"
    PREPARING = "preparing"
    ASKED = "asked"  # an executor's identity is stored; whether it started is the executor's to say
    STARTED = "started"


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One unsettled execution. `attempt` is the one being made or to be made next, from 1."""

    execution: str
    queue: QueueKey
    epoch: int
    sequence: int
    policy: Policy
    #: None: the body is only on disk (large, or not yet needed after a restart).
    assign: Assign | None = None
    phase: Phase = Phase.WAITING
    attempt: int = 1
    #: Attempts that the host could not start; they do not count against `maximum_attempts`.
    excused: int = 0
    #: At least one attempt has started at this place.
    ever_started: bool = False
    #: Wall clock, seconds, of the next attempt; only a hint after a restart, where it is clamped.
    not_before: float = 0.0
    #: Clock.monotonic() of the next attempt, and why it waits until then; memory only.
    ready_at: float = 0.0
    note: str = ""
    cancel: Reason | None = None
    #: Which arrival in this life it is; memory only. One that could not be stored is taken back, and may come again.
    arrival: int = 0
    #: It is to be given back for a new place; memory only: the controller says it again.
    requeue: bool = False
    #: Wall clock of its acceptance as this agent counts it, only a hint after a restart; 0: unknown. Then Clock.monotonic() of it.
    accepted: float = 0.0
    accepted_at: float = 0.0
    #: What its starts are counted with, and the token that this attempt has taken; that is memory only.
    rate_key: str = ""
    token: Token | None = None
    #: Which executor was asked.
    state_id: str = ""
    life: str = ""

    @property
    def active(self) -> bool:
        """Tell whether it takes a slot."""
        return self.phase is not Phase.WAITING

    @property
    def first(self) -> bool:
        """Tell whether no attempt of it was ever made."""
        return self.attempt == 1 and not self.ever_started

    @property
    def bucket(self) -> BucketKey:
        """Return what its starts are counted with."""
        return BucketKey(self.queue.action, self.rate_key)


class Spent(NamedTuple):
    """A bucket that is not full: when it is, by the wall clock, and what that clock said when this was stored."""

    bucket: BucketKey
    full_at: float
    now: float


@dataclass(frozen=True, kw_only=True)
class Held:
    """The last sequence of a queue and epoch."""

    queue: QueueKey
    epoch: int
    last: int


#: A frames.Report as JSON, encoded once for disk and wire.
ReportText = NewType("ReportText", str)


class OutboxRow(NamedTuple):
    """A report that the controller has not acknowledged; numbers grow in the order of the commits."""

    number: int
    report: ReportText


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """All that was there at the start; items in (queue, epoch, sequence) order."""

    instance: str
    #: The last session, empty at first.
    session: str
    held: Sequence[Held]
    items: Sequence[Item]
    outbox: Sequence[OutboxRow]
    revision: str
    policies: Mapping[str, Policy]
    #: What operators said of this agent.
    paused: Mark | None = None
    draining: Mark | None = None
    holds: tuple[HoldQueue, ...] = ()
    buckets: Sequence[Spent] = ()


def report_text(report: Report) -> ReportText:
    """Return a report as it is stored and sent."""
    return ReportText(report.model_dump_json(exclude_defaults=True))


def item_of(assign: Assign, *, wall: float, monotonic: float = 0.0, arrival: int = 0) -> Item:
    """Return a newly assigned execution, with what the clocks say."""
    return Item(
        execution=assign.execution,
        queue=QueueKey.of(assign.queue),
        epoch=assign.epoch,
        sequence=assign.sequence,
        policy=assign.policy,
        assign=assign,
        attempt=assign.attempt,
        arrival=arrival,
        accepted=wall - assign.age,
        accepted_at=monotonic - assign.age,
        rate_key=assign.rate_key or assign.queue.key,
    )


def is_small(assign: Assign) -> bool:
    """Tell whether a body is small enough to stay in memory; looks at no more of it than that takes."""
    room, waiting = SMALL_BODY, list[JsonValue](assign.input.values())
    while waiting and room > 0:
        value = waiting.pop()
        room -= 16
        if isinstance(value, str):
            room -= len(value)
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            room -= sum(map(len, value))
            waiting.extend(value.values())
    return room > 0
