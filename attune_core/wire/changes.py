"""The documents of /v1/changes: what has just happened, one a line, each after it was stored.

Made by attune_controller/watched, sent as server-sent events whose name is `kind`; read by attune_cli/changes.py. A change says enough to
bring a list up to date; what a document has beside is read where it is. Times are RFC 3339 texts in UTC.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from attune_core.states import Outcome, Reason, State
from attune_core.wire.api import Document


class EventChange(Document):
    """An event was stored, or planned: `status` as in EventView. `executions`: how many were made of it now."""

    kind: Literal["event"] = "event"
    position: int
    id: str
    source: str
    type: str
    status: str
    executions: int = 0


class ExecutionChange(Document):
    """An execution was made, placed, moved or ended."""

    kind: Literal["execution"] = "execution"
    id: str
    number: int
    action: str
    rule: str
    event: int
    agent: str
    queue_key: str
    state: State
    attempt: int
    outcome: Outcome | None = None
    reason: Reason | None = None
    exit_code: int | None = None
    at: str  # when this was told


class QueueChange(Document):
    """A queue of every agent was paused or resumed; without a key all queues of the action."""

    kind: Literal["queue"] = "queue"
    action: str
    key: str | None
    paused: bool
    note: str = ""
    by: str = ""


class AgentChange(Document):
    """An agent came, went or was marked. state: connected | unreachable | forgotten."""

    kind: Literal["agent"] = "agent"
    name: str
    state: str
    marks: tuple[str, ...] = ()
    host_pause: str = ""


class RevisionChange(Document):
    """Another revision is active, or one was refused; as in SyncView."""

    kind: Literal["revision"] = "revision"
    active_revision: str
    observed_revision: str
    step: str = ""
    code: str = ""
    message: str = ""


class SensorChange(Document):
    """A sensor is otherwise on one of its agents."""

    kind: Literal["sensor"] = "sensor"
    sensor: str
    agent: str
    state: str


class Reset(Document):
    """What is known may be old: read it again. It is the first on every connection that does not go on where another one ended."""

    kind: Literal["reset"] = "reset"
    why: str = ""


Told: TypeAlias = EventChange | ExecutionChange | QueueChange | AgentChange | RevisionChange | SensorChange
ChangeView: TypeAlias = Annotated[Told | Reset, Field(discriminator="kind")]
#: What may be asked for; `reset` comes unasked.
KINDS = ("event", "execution", "queue", "agent", "revision", "sensor")
