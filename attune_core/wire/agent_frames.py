"""Agent frames: what an agent tells the controller, one NDJSON line each (docs/contract/wire.md).

Written by the agent's outbox and link, read by controller `sessions`. Additive inside one protocol number: unknown fields are ignored,
an unknown type ends the session.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from attune_core.marks import NOTE_LIMIT
from attune_core.names import Reference
from attune_core.states import Outcome, Reason, State
from attune_core.wire.assignment import QueueName
from attune_core.wire.message import Message
from attune_core.wire.sensors import EventFrame, SensorStatus


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
    #: Of each sensor that it was told to run.
    sensors: tuple[SensorStatus, ...] = ()
    #: How many `sensors` frames of this session it goes by: what it says of sensors before it took the last one is old.
    sensor_lists: int = Field(default=0, ge=0)
    #: Sensors that it is not to run any more and of which there is something left, such as events to send; None: it does not say.
    sensors_left: tuple[Reference, ...] | None = None


class StatusFrame(Message):
    """Agent to controller."""

    type: Literal["status"] = "status"
    n: int
    body: Status


AgentFrame = Annotated[AckFrame | ReportFrame | LogWindowFrame | StatusFrame | EventFrame, Field(discriminator="type")]
