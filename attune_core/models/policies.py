"""The policies of an action: retry, concurrency, the bounds of its processes and of its logs; only what this version acts on.

Part of `action`; the agent's admission and log pump read them, so their defaults stand here and nowhere else.
"""

from typing import Annotated, Literal

from pydantic import Field

from attune_core.models.base import DocumentModel, LogSegmentSize, MemorySize, PositiveDuration, Template


class Retry(DocumentModel):
    """How often, how soon and at which place of the queue an attempt is made again."""

    maximum_attempts: Annotated[int, Field(ge=1, le=100)] = Field(1, description="How many attempts there are at most, the first included.")
    after: Annotated[tuple[Literal["failed", "timed_out", "lost"], ...], Field(strict=False, min_length=1)] = Field(
        ("failed", "timed_out"), description="After which outcomes another attempt is made."
    )
    place: Literal["keep", "tail"] = Field(
        "keep",
        description="`keep`: what waits behind it goes on waiting, so that the order stays. "
        "`tail`: the next attempt takes a new place at the end.",
    )
    initial_interval: PositiveDuration = Field(1.0, description="How long after the first attempt the second one is made.")
    backoff_coefficient: Annotated[float, Field(ge=1, le=100)] = Field(2.0, description="By how much each further wait is longer.")
    maximum_interval: PositiveDuration = Field(60.0, description="The longest wait between two attempts.")


class Concurrency(DocumentModel):
    """How many executions of one queue may run at once; without a key the queue is the action's on the agent."""

    limit: Annotated[int, Field(ge=1, le=1000)] = Field(1, description="How many executions of one queue may run at once.")
    key: Template | None = Field(
        None,
        description="What makes a queue of its own: a text with `${{ }}` over parameters that are not secret. "
        "Without it the action has one queue on each agent.",
        examples=["${{ parameters.unit }}"],
    )
    scope: Literal["agent", "fleet"] = Field(
        "agent",
        description="`agent`: each agent counts for itself. `fleet`: all agents together have one queue, which stands at the controller.",
    )
    when_busy: Literal["queue", "skip", "cancel_running"] = Field(
        "queue",
        description="`queue`: what is too much waits, in its order. `skip`: it is not run. "
        "`cancel_running`: the older ones make room for it.",
    )


class Rate(DocumentModel):
    """How many attempts may start in a time; what is too much waits at its queue's head, in its order."""

    limit: Annotated[int, Field(ge=1, le=1_000_000)] = Field(description="How many attempts may start within `per`.", examples=[10])
    per: PositiveDuration = Field(description="The time that `limit` is counted in.", examples=["1m"])
    key: Template | None = Field(
        None,
        description="What is counted together: a text with `${{ }}` over parameters that are not secret. "
        "Without it the key of `concurrency`.",
        examples=["${{ parameters.unit }}"],
    )
    scope: Literal["agent", "fleet"] | None = Field(
        None, description="Whether each agent counts for itself. Without it the scope of `concurrency`."
    )


class Logs(DocumentModel):
    """What is kept of each stream: the first 1 MiB and the last `segments` segments."""

    segment: LogSegmentSize = Field(8 << 20, description="The size of one segment.")
    segments: Annotated[int, Field(ge=1, le=64)] = Field(4, description="How many segments are kept of each stream's end.")


class Limits(DocumentModel):
    """What all processes of one attempt have together; where the host's own limit is lower, that one holds."""

    memory: MemorySize | None = Field(None, description="The memory of all processes of one attempt together.")
    processes: Annotated[int, Field(ge=1, le=1 << 20)] | None = Field(
        None, description="How many processes and threads one attempt may have at once.", examples=[64]
    )
