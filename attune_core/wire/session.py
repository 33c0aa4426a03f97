"""Session: how an agent and the controller begin one, and the numbers both keep to (docs/contract/wire.md).

The hello and its answer; the frames of a session are in stream_frames and agent_frames.
"""

from pydantic import Field

from attune_core.marks import Mark
from attune_core.names import AgentName, Reference
from attune_core.wire.assignment import Policy, QueueName
from attune_core.wire.message import Message
from attune_core.wire.sensors import SENSORS_LIMIT, SensorAssignment
from attune_core.wire.stream_frames import HoldQueue

#: Every request of an agent carries both; the session (from `Welcome`) not in the hello itself.
PROTOCOL_HEADER = "Attune-Protocol"

SESSION_HEADER = "Attune-Session"

#: Bytes of one line, both ways.
FRAME_LIMIT = 2 << 20

#: The controller sends at least a ping this often; silence three times as long ends a session on either side. Seconds.
PING_INTERVAL = 10.0


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
    labels: dict[str, str] = Field(default_factory=dict)
    facts: dict[str, str] = Field(default_factory=dict)
    slots: int = Field(ge=1)
    queues: tuple[HeldQueue, ...] = ()
    #: Executions started and not settled.
    running: tuple[str, ...] = ()
    #: Its version knows of sensors; to another one no `sensors` frame is sent, which would end the session, and none is placed on it.
    sensors: bool = False
    #: It reads `Stored.too_fast`; of another one all events of a POST from the first that is too fast on are refused.
    too_fast: bool = False


class Welcome(Message):
    """The controller's answer to a hello."""

    name: AgentName
    session: str
    #: Highest `n` of agent frames stored from this agent's earlier sessions does not matter: numbering starts at 1 in each session.
    ping_interval: float = PING_INTERVAL
    revision: str = ""
    policies: dict[str, Policy] = Field(default_factory=dict)
    paused: Mark | None = None
    draining: Mark | None = None
    holds: tuple[HoldQueue, ...] = ()
    #: All sensors that it is to run; None from a controller that knows of none: then it keeps what it was told, and sends no events.
    sensors: tuple[SensorAssignment, ...] | None = Field(default=None, max_length=SENSORS_LIMIT)
    #: The life of the controller's store; another one after it was restored from a backup, and then the agent is asked what it holds.
    incarnation: str = ""
    inventory: bool = False


class TooFast(Message):
    """Events of one sensor that were not taken because it sends more than its source may."""

    #: So many of its last ones in the POST, but for those that `refused_events` counts.
    events: int = Field(ge=1)
    #: Seconds until it may send them again; other sensors need not wait.
    again_in: float = Field(ge=0)


class Stored(Message):
    """Answer to a POST of frames: everything up to this number is durable, but for the events that were refused."""

    n: int
    #: So many of the last `event` frames of the POST were not taken, because too much waits; the agent sends them again, under new numbers.
    refused_events: int = Field(default=0, ge=0)
    #: Seconds until it may.
    again_in: float = Field(default=0.0, ge=0)
    #: Sensors of which events were not taken although there was room.
    too_fast: dict[Reference, TooFast] = Field(default_factory=dict)
