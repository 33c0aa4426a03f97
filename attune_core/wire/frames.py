"""The frames of wire protocol 1 between controller and agent, one NDJSON line each (docs/contract/wire.md).

Written by controller `dispatch`/`sessions` and agent `uplink`, read by the other side. Additive inside one protocol number: unknown
fields are ignored, an unknown type ends the session.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from attune_core.marks import NOTE_LIMIT, Mark
from attune_core.names import AgentName, Name, Reference
from attune_core.states import Outcome, Reason, State

#: Every request of an agent carries both; the session (from `Welcome`) not in the hello itself.
PROTOCOL_HEADER = "Attune-Protocol"
SESSION_HEADER = "Attune-Session"
#: Bytes of one line, both ways.
FRAME_LIMIT = 2 << 20
#: The controller sends at least a ping this often; silence three times as long ends a session on either side. Seconds.
PING_INTERVAL = 10.0
#: Hand-over window of one queue: executions and bytes not started.
WINDOW_EXECUTIONS = 64
WINDOW_BYTES = 4 << 20


#: The longest `wait` of a `read_log`, seconds: less than what proxies and clients take for silence.
LONGEST_WAIT = 10


class Message(BaseModel):
    """What all bodies share: frozen, and open for fields of a later version."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class QueueName(Message):
    """A queue: place is an agent's name (or `*`), key is canonical JSON, `null` without one."""

    place: str = Field(max_length=64)
    action: Reference
    key: str = Field(max_length=4096)


class Retry(Message):
    """When a failed attempt is followed by another one; delays in seconds."""

    maximum_attempts: int = Field(default=1, ge=1, le=1000)
    after: tuple[Outcome, ...] = ()
    initial_interval: float = Field(default=1.0, ge=0)
    backoff_coefficient: float = Field(default=2.0, ge=1)
    maximum_interval: float = Field(default=60.0, ge=0)
    #: Where the next attempt stands: at its place, or at the end, with a place that the controller gives.
    place: Literal["keep", "tail"] = "keep"


class Rate(Message):
    """How many attempts may start in a time, `per` in seconds; counted together are those with one `Assign.rate_key`."""

    limit: int = Field(ge=1)
    per: float = Field(gt=0)


class Policy(Message):
    """The part of an action that follows the active revision, not the accepted one; seconds."""

    limit: int = Field(default=1, ge=1)
    when_busy: Literal["queue", "skip", "cancel_running"] = "queue"
    #: Counted by this agent; what the fleet counts together is counted at the controller.
    rate: Rate | None = None
    #: How long after its acceptance an execution may first start.
    start_within: float | None = Field(default=None, gt=0)
    timeout: float = Field(default=3600.0, gt=0)
    grace: float = Field(default=10.0, ge=0)
    retry: Retry = Retry()


class Assign(Message):
    """One Execution handed over; appended only if `after` is the last sequence the agent holds of that queue and epoch (0: none)."""

    execution: str = Field(max_length=36)
    number: int = Field(ge=1)
    queue: QueueName
    epoch: int = Field(ge=0)
    sequence: int = Field(ge=1)
    after: int = Field(ge=0)
    action: Reference
    pack: Name
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    revision: str = Field(max_length=64)
    input: dict[str, JsonValue]
    #: Parameter name to secret name; the values are the agent's own.
    secrets: dict[str, str] = {}
    policy: Policy = Policy()
    traceparent: str = Field(default="", max_length=64)
    #: The attempt to be made next: more than 1 for one that was given a new place.
    attempt: int = Field(default=1, ge=1)
    #: Seconds since its acceptance when this was sent, for `start_within`: no clock of another host is compared with.
    age: float = Field(default=0.0, ge=0)
    #: What its rate is counted with, canonical JSON; empty: the key of its queue.
    rate_key: str = Field(default="", max_length=4096)


class AssignFrame(Message):
    """Controller to agent."""

    type: Literal["assign"] = "assign"
    n: int
    body: Assign


class Cancel(Message):
    """Stop it, or settle it without a start; the agent answers with a report either way."""

    execution: str = Field(max_length=36)
    reason: Reason = Reason.OPERATOR
    #: It is not to end: when it has not started, the agent gives it back (a report with `queued`) for a new place. One that runs goes on.
    requeue: bool = False


class CancelFrame(Message):
    """Controller to agent."""

    type: Literal["cancel"] = "cancel"
    n: int
    body: Cancel


class Activate(Message):
    """A revision went live: the policies that now hold for work already handed over."""

    revision: str = Field(max_length=64)
    policies: dict[str, Policy]


class ActivateFrame(Message):
    """Controller to agent."""

    type: Literal["activate"] = "activate"
    n: int
    body: Activate


class ReadLog(Message):
    """A window of an attempt's log, answered by a `log_window` with the same request."""

    request: str = Field(max_length=36)
    execution: str = Field(max_length=36)
    attempt: int = Field(ge=0)  # 0: the newest
    stream: Literal["stdout", "stderr", "build"]
    offset: int  # negative: from the end
    limit: int = Field(ge=1, le=1 << 20)
    #: Not before the last so many lines.
    tail: int | None = Field(default=None, ge=0)
    #: Not before what was written since then, seconds of the epoch; negative: so many seconds before the agent's now.
    since: float | None = None
    #: Seconds that the answer may wait for a byte at `offset`, or for the end.
    wait: int = Field(default=0, ge=0, le=LONGEST_WAIT)


class ReadLogFrame(Message):
    """Controller to agent."""

    type: Literal["read_log"] = "read_log"
    n: int
    body: ReadLog


class Ping(Message):
    """Says that the other side is there."""


class PingFrame(Message):
    """Controller to agent."""

    type: Literal["ping"] = "ping"
    n: int
    body: Ping = Ping()


class Pause(Message):
    """Start nothing new until the mark is lifted (None), through restarts and while the controller is away."""

    mark: Mark | None = None


class PauseFrame(Message):
    """Controller to agent."""

    type: Literal["pause"] = "pause"
    n: int
    body: Pause


class Drain(Message):
    """Nothing more is handed over; finish what is there. None: that is over."""

    mark: Mark | None = None


class DrainFrame(Message):
    """Controller to agent."""

    type: Literal["drain"] = "drain"
    n: int
    body: Drain


class HoldQueue(Message):
    """A queue, or every queue of an action (key None), of which nothing new is to start."""

    action: Reference
    key: str | None = Field(default=None, max_length=4096)
    mark: Mark


class HoldQueues(Message):
    """All queues that are paused, in place of those said before; they stay so through restarts and while the controller is away."""

    holds: tuple[HoldQueue, ...] = ()


class HoldQueuesFrame(Message):
    """Controller to agent."""

    type: Literal["hold_queues"] = "hold_queues"
    n: int
    body: HoldQueues


StreamFrame = Annotated[
    AssignFrame | CancelFrame | ActivateFrame | ReadLogFrame | PingFrame | PauseFrame | DrainFrame | HoldQueuesFrame,
    Field(discriminator="type"),
]


class Ack(Message):
    """The last sequence of a queue and epoch that is durable at the agent; says both `stored` and, by its number, a refused gap."""

    queue: QueueName
    epoch: int = Field(ge=0)
    last: int = Field(ge=0)


class AckFrame(Message):
    """Agent to controller."""

    type: Literal["ack"] = "ack"
    n: int
    body: Ack


class Report(Message):
    """A move of one Execution; sent until acknowledged. `detail` is for people and never carries output of the action.

    State `queued` gives it back: the agent holds it no more, attempts up to `attempt` are made, and it wants a new place at the end.
    """

    execution: str = Field(max_length=36)
    attempt: int = Field(ge=0, le=1_000_000)
    state: State
    outcome: Outcome | None = None
    reason: Reason | None = None
    detail: str = Field(default="", max_length=2048)
    exit_code: int | None = None
    signal: int | None = None
    result: JsonValue = None
    #: Of `queued`: the place that it gives up. A repeated report of an earlier place than its present one says nothing new.
    sequence: int = Field(default=0, ge=0)
    #: Wall clock of the agent, seconds; a label, never an order.
    at: float


class ReportFrame(Message):
    """Agent to controller."""

    type: Literal["report"] = "report"
    n: int
    body: Report


class LogWindow(Message):
    """Bytes of a log: `offset` is where they start (later than asked when a gap was dropped), `total` what was written so far."""

    request: str = Field(max_length=36)
    offset: int
    content: str = Field(max_length=2 << 20)  # base64
    total: int
    gap: int = 0
    #: No more will be written.
    ended: bool
    missing: bool = False
    #: Whose log it is; 0 when missing.
    attempt: int = 0


class LogWindowFrame(Message):
    """Agent to controller."""

    type: Literal["log_window"] = "log_window"
    n: int
    body: LogWindow


class UnderWay(Message):
    """An execution that takes a slot; `since` is the agent's wall clock, seconds: a label."""

    execution: str = Field(max_length=36)
    since: float


class QueueStatus(Message):
    """Why the first execution of a queue that has no attempt under way waits; what takes slots is named up to a bound."""

    queue: QueueName
    depth: int
    waiting_for: str = Field(max_length=200)
    #: The execution that waits; empty: none.
    head: str = Field(default="", max_length=36)
    #: When the agent looks again by itself (a retry's pause, a rate), by its wall clock, seconds: a label. 0: another change must come.
    until: float = 0.0
    under_way: tuple[UnderWay, ...] = ()


class Status(Message):
    """The agent's condition, for people; replaces the one before. Sent at least every PING_INTERVAL: it is the agent's sign of life."""

    slots: int
    busy: int
    queues: tuple[QueueStatus, ...] = ()
    free_bytes: int = 0
    #: It follows the pause, or the drain, that it was told of.
    paused: bool = False
    draining: bool = False
    #: Executions that it holds and has not settled; a draining agent says at once when there are none.
    in_hand: int = 0
    #: Why its own host lets it start nothing, from agent.yaml; empty: it may.
    host_pause: str = Field(default="", max_length=NOTE_LIMIT)


class StatusFrame(Message):
    """Agent to controller."""

    type: Literal["status"] = "status"
    n: int
    body: Status


AgentFrame = Annotated[AckFrame | ReportFrame | LogWindowFrame | StatusFrame, Field(discriminator="type")]


class HeldQueue(Message):
    """What the agent holds of a queue."""

    queue: QueueName
    epoch: int
    last: int


class Hello(Message):
    """The agent's first request of a session; the name comes from its certificate, never from here.

    A session is one hello and one stream: when the stream ends, whoever ended it, the agent says hello again.
    """

    instance: str = Field(max_length=36)
    boot_id: str = Field(max_length=64)
    #: The session this state directory had before, stored before its stream is opened; empty at first. A copy gives itself away by it.
    previous: str = Field(default="", max_length=36)
    version: str = Field(max_length=32)
    labels: dict[str, str] = {}
    facts: dict[str, str] = {}
    slots: int = Field(ge=1)
    queues: tuple[HeldQueue, ...] = ()
    #: Executions started and not settled.
    running: tuple[str, ...] = ()


class Welcome(Message):
    """The controller's answer to a hello."""

    name: AgentName
    session: str
    #: Highest `n` of agent frames stored from this agent's earlier sessions does not matter: numbering starts at 1 in each session.
    ping_interval: float = PING_INTERVAL
    revision: str = ""
    policies: dict[str, Policy] = {}
    paused: Mark | None = None
    draining: Mark | None = None
    holds: tuple[HoldQueue, ...] = ()
    #: The life of the controller's store; another one after it was restored from a backup, and then the agent is asked what it holds.
    incarnation: str = ""
    inventory: bool = False


class Stored(Message):
    """Answer to a POST of frames: everything up to this number is durable."""

    n: int
