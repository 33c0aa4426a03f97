"""Sensors on the wire: what an agent is to run, what it says of it, and the events that come of it (docs/contract/wire.md).

Assignments are written by the controller's `sensors`, in the welcome and as a stream frame; status and events by the agent's host of
sensors. Which sensors there are is the controller's to say, how they are kept running the agent's.
"""

from typing import Literal

from pydantic import Field, JsonValue

from attune_core.names import Name, Reference
from attune_core.wire.message import Message

#: Sensors that one agent is told of; more is never placed on it, so that the whole list fits into a frame.
SENSORS_LIMIT = 100
#: Characters of an event's id, and of what a status says for people.
ID_LIMIT, ERROR_LIMIT = 128, 1000

#: The first and the last second that a time can be written of.
EARLIEST, LATEST = -62_135_596_800.0, 253_402_300_799.0

SensorState = Literal["starting", "running", "backing_off", "polling", "blocked", "refused"]


class SensorAssignment(Message):
    """One sensor that the agent is to run, as the active revision has it; durations in seconds.

    Another `fingerprint` than that of the running program: it is started again. The same one: it goes on, whatever else changed.
    """

    sensor: Reference
    pack: Name
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    revision: str = Field(max_length=64)
    fingerprint: str = Field(pattern="^[0-9a-f]{64}$")
    mode: Literal["stream", "poll"]
    #: Of `poll`: from one start to the next, and how long a run may take.
    every: float | None = Field(default=None, gt=0)
    timeout: float = Field(default=60.0, gt=0)
    #: Of `stream`: after how long without a line it is hung.
    silence: float | None = Field(default=None, gt=0)
    #: Without contact to the controller for so long, another agent may run it: this one has ended it by then.
    failover: float | None = Field(default=None, gt=0)
    config: dict[str, JsonValue] = Field(default_factory=dict)
    #: Key of the configuration -> name of a secret; the values are the agent's own.
    secrets: dict[str, str] = Field(default_factory=dict)


class Sensors(Message):
    """All sensors that the agent is to run, in place of those said before; the others are ended."""

    sensors: tuple[SensorAssignment, ...] = Field(default=(), max_length=SENSORS_LIMIT)


class SensorsFrame(Message):
    """Controller to agent."""

    type: Literal["sensors"] = "sensors"
    n: int
    body: Sensors


class SensorEvent(Message):
    """One event that a sensor printed; the events of one sensor come in their order, each until its number is answered."""

    sensor: Reference
    #: What the line says, or `<run>:<offset of the line in the run's stdout>`.
    id: str = Field(min_length=1, max_length=ID_LIMIT)
    trigger: str = Field(min_length=1, max_length=140)
    data: dict[str, JsonValue]
    subject: str = Field(default="", max_length=512)
    #: What the line says, or when the agent read it by its wall clock; seconds.
    time: float = Field(ge=EARLIEST, le=LATEST)


class EventFrame(Message):
    """Agent to controller."""

    type: Literal["event"] = "event"
    n: int
    body: SensorEvent


class SensorStatus(Message):
    """The condition of one sensor; counts are since it was assigned."""

    sensor: Reference
    state: SensorState
    #: When it came into this state, by the agent's wall clock, seconds: a label.
    since: float
    #: Lines that became events, and lines, ends and starts that were wrong.
    events: int = Field(default=0, ge=0)
    errors: int = Field(default=0, ge=0)
    restarts: int = Field(default=0, ge=0)
    last_error: str = Field(default="", max_length=ERROR_LIMIT)
    #: The present or last process, by which its log is read (`read_log`: execution, attempt 1, stderr).
    run: str = Field(default="", max_length=36)
