"""The policies of an action: retry, concurrency and the bounds of its logs; only what this version acts on.

Part of `action`; the agent's admission and log pump read them, so their defaults stand here and nowhere else.
"""

from typing import Annotated, Literal

from pydantic import Field

from attune_core.models.base import DocumentModel, LogSegmentSize, PositiveDuration, Template


class Retry(DocumentModel):
    """How often and how soon an attempt is made again; it keeps its place in the queue."""

    maximum_attempts: Annotated[int, Field(ge=1, le=100)] = 1
    after: Annotated[tuple[Literal["failed", "timed_out", "lost"], ...], Field(strict=False, min_length=1)] = ("failed", "timed_out")
    place: Literal["keep"] = "keep"
    initial_interval: PositiveDuration = 1.0
    backoff_coefficient: Annotated[float, Field(ge=1, le=100)] = 2.0
    maximum_interval: PositiveDuration = 60.0


class Concurrency(DocumentModel):
    """How many executions of one queue may run at once; without a key the queue is the action's on the agent."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 1
    key: Template | None = None
    scope: Literal["agent"] = "agent"
    when_busy: Literal["queue"] = "queue"


class Logs(DocumentModel):
    """What is kept of each stream: the first 1 MiB and the last `segments` segments."""

    segment: LogSegmentSize = 8 << 20
    segments: Annotated[int, Field(ge=1, le=64)] = 4
