"""Assignment: an Execution as it is handed over, with the policy that holds for it (docs/contract/wire.md).

Written by controller `dispatch`, kept by the agent's inbox; the queue's name is also how reports speak of one.
"""

from typing import Literal

from pydantic import Field, JsonValue

from attune_core.names import Name, Reference
from attune_core.states import Outcome
from attune_core.wire.message import Message

#: Hand-over window of one queue: executions and bytes not started.
WINDOW_EXECUTIONS = 64

WINDOW_BYTES = 4 << 20


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
    secrets: dict[str, str] = Field(default_factory=dict)
    policy: Policy = Policy()
    traceparent: str = Field(default="", max_length=64)
    #: The attempt to be made next: more than 1 for one that was given a new place.
    attempt: int = Field(default=1, ge=1)
    #: Seconds since its acceptance when this was sent, for `start_within`: no clock of another host is compared with.
    age: float = Field(default=0.0, ge=0)
    #: What its rate is counted with, canonical JSON; empty: the key of its queue.
    rate_key: str = Field(default="", max_length=4096)
