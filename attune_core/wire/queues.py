"""The documents of /v1/queues: what waits, where and behind what, and what operators paused.

Shared by the controller's routes and `attune queue`; times are RFC 3339 texts in UTC, keys are canonical JSON.
"""

from pydantic import Field

from attune_core.marks import NOTE_LIMIT
from attune_core.names import Reference
from attune_core.wire.api import Document


class ResumeQueue(Document):
    """A queue of every agent or, without a key, all queues of an action."""

    action: Reference
    key: str | None = Field(default=None, max_length=4096)


class PauseQueue(ResumeQueue):
    """Let nothing new of it start; somebody will ask why."""

    note: str = Field(min_length=1, max_length=NOTE_LIMIT)


class QueuePause(Document):
    """What an operator paused, why, who it was and since when; key None: all queues of the action."""

    action: str
    key: str | None
    note: str
    by: str
    since: str


class QueueSummary(Document):
    """One queue with unsettled executions. place: an agent's name, or `*` for one of the fleet.

    Of its executions `waiting` stand at the controller, `in_hand` are at an agent and have not started, `running` have, and `returning` are
    in a back-off after which they go to the tail. `head` is the number of the first (0: none has a place).
    """

    place: str
    action: str
    key: str
    epoch: int
    waiting: int
    in_hand: int
    running: int
    returning: int
    head: int = 0
    oldest_at: str = ""  # when the head was accepted
    waiting_for: str = ""  # why the head has not started
    paused: tuple[QueuePause, ...] = ()


class QueuedExecution(Document):
    """One unsettled execution in its queue; position 0: it has no place until `ready_at`."""

    position: int
    number: int
    id: str
    sequence: int
    state: str
    conditions: tuple[str, ...] = ()
    attempt: int = 0
    agent: str = ""
    accepted_at: str
    ready_at: str = ""
    waiting_for: str = ""


class QueueContent(Document):
    """A queue, a page of its executions in their order, and the first of those that have no place now."""

    queue: QueueSummary
    items: list[QueuedExecution]
    returning: tuple[QueuedExecution, ...] = ()
    next: str = ""
