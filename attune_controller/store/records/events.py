"""Events as the store keeps them; written by intake, read by planning and the API.

What becomes of one is in plans.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from attune_controller.store.records.standing import Filter
from attune_core.dead_letters import DeadLetter, DeadReason
from attune_core.values import JsonValue


class EventStatus(StrEnum):
    """What became of an event; reliability.md G1: exactly one of planned and dead_letter in the end, and a person may drop the latter."""

    ACCEPTED = "accepted"
    PLANNED = "planned"
    DEAD_LETTER = "dead_letter"
    DROPPED = "dropped"  # a dead letter whose data an operator let go; that it came stays known


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An occurrence at the door. `body_digest` is set for hooks that sign only the body: the same one under a new id is refused."""

    source: str
    id: str
    type: str
    subject: str = ""
    time: float
    received_at: float
    data: JsonValue
    hops: int = 0
    body_digest: str = ""
    #: Set: the event is kept as a dead letter and never planned.
    dead: DeadLetter | None = None
    #: The revision no rule of which is on this type: the event is planned, with nothing, as it is stored, unless one before it waits.
    unheard: str = ""
    traceparent: str = ""
    #: What tells of it, stored with it unless it was there before.
    notice: "NewEvent | None" = None

    def unheard_under(self, revision: str) -> "NewEvent":
        """Return it with `unheard` set; `dataclasses.replace` takes seven times as long, which most events would pay."""
        found = object.__new__(NewEvent)
        found.__dict__.update(self.__dict__, unheard=revision)
        return found


@dataclass(frozen=True, kw_only=True)
class Event:
    """A stored event; position is its place in the controller's order, `reason` is for people, `new.dead` for programs."""

    position: int
    new: NewEvent
    status: EventStatus
    reason: str = ""
    revision: str = ""


@dataclass(frozen=True, kw_only=True)
class RecordedPage:
    """Some events, oldest first; `after` is where the next page goes on, None at the end. There may be more though there are none here."""

    events: Sequence[Event]
    after: int | None


@dataclass(frozen=True, kw_only=True)
class EventFilter:
    """What a list of events is narrowed to. `search` is a text in id, source, type, subject or the data's JSON, ASCII letters alike."""

    status: EventStatus | None = None
    source: Filter = None
    type: Filter = None
    since: float = 0.0
    search: Filter = None
    dead: DeadReason | None = None


@dataclass(frozen=True, kw_only=True)
class EventPage:
    """Some events; `next` is where the next page goes on, None at the end. There may be more though there are none here."""

    events: Sequence[Event]
    next: int | None


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Answer of `accept_event`: duplicate means (source, id) was there, and position is the first one's."""

    position: int
    duplicate: bool
    #: A duplicate that is none: what came has another type, subject or data than the first one, and nothing of it is kept.
    differs: bool = False
    #: Set by intake, for the sender: the event is kept as a dead letter, and why.
    dead: DeadLetter | None = None
    #: Its plan was stored with it.
    planned: bool = False
