"""The documents of /v1/dead_letters, shared by the controller's routes and the command line."""

from pydantic import Field

from attune_core.dead_letters import DeadReason
from attune_core.marks import NOTE_LIMIT
from attune_core.wire.api import Document


class DeadLetterRequest(Document):
    """Which one, and why."""

    position: int = Field(ge=1)
    note: str = Field(default="", max_length=NOTE_LIMIT)


class RetriedView(Document):
    """What became of a retry: its new position, or the old one and why it is still a dead letter."""

    position: int
    was: int
    dead_letter: str = ""
    dead_reason: DeadReason | None = None


class DroppedView(Document):
    """The dead letter whose data are gone."""

    position: int
