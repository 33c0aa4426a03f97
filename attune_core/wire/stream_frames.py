"""Stream frames: what the controller tells an agent, one NDJSON line each (docs/contract/wire.md).

Written by controller `dispatch` and `sessions`, read by the agent's link. Additive inside one protocol number: unknown fields are
ignored, an unknown type ends the session.
"""

from typing import Annotated, Literal

from pydantic import Field

from attune_core.marks import Mark
from attune_core.names import Reference
from attune_core.states import Reason
from attune_core.wire.assignment import Assign, Policy
from attune_core.wire.message import Message
from attune_core.wire.sensors import SensorsFrame

#: The longest `wait` of a `read_log`, seconds: less than what proxies and clients take for silence.
LONGEST_WAIT = 10


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
    AssignFrame | CancelFrame | ActivateFrame | ReadLogFrame | PingFrame | PauseFrame | DrainFrame | HoldQueuesFrame | SensorsFrame,
    Field(discriminator="type"),
]
