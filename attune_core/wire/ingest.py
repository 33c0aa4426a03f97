"""The answers to requests that bring many events: what became of each, by its place in the request.

Written by the controller's /events, read by `attune event import` and `replay`.
"""

from enum import StrEnum

from pydantic import Field

from attune_core.wire.api import Document, Failure


class Fate(StrEnum):
    """What became of one event of a request. All but `refused` are durable."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    DEAD_LETTER = "dead_letter"
    REFUSED = "refused"


class EventResult(Document):
    """One event of a request; `n` is its line, or its place in the batch, from 1. `code` and `detail` say why it was not accepted."""

    n: int
    fate: Fate
    id: str = ""
    source: str = ""
    position: int = 0
    code: str = ""
    detail: str = ""


class ManyAccepted(Document):
    """All that the request brought is durable."""

    accepted: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    refused: int = 0
    events: list[EventResult] = Field(default_factory=list)


class ManyRefused(Failure, ManyAccepted):
    """Some of what the request brought was refused, or is not in `events` because nothing more was read; the rest is durable."""

    events: list[EventResult]  # always there: a plain refusal of the whole request is none of these
