"""A timer's document: a schedule whose due times are events; it declares their trigger, `<pack>.<name>`, itself.

Read by the catalog, which checks the schedule; the controller's timers follow it.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, JsonValue, StringConstraints, WithJsonSchema

from attune_core.models.base import Description, DocumentModel, PositiveDuration
from attune_core.moments import parse_rfc3339

#: Moments of one timer, and ticks that are made up for at most.
MOST_MOMENTS, MOST_TICKS = 1000, 1000


def _read_second(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("a moment is a text such as 2026-01-02T03:04:05Z")
    try:
        found = parse_rfc3339(value)
    except ValueError as error:
        raise ValueError(f"{value[:64]!r} is no moment with its zone, such as 2026-01-02T03:04:05Z") from error
    if found != int(found) or found < 0:
        raise ValueError(f"{value[:64]!r} is not a whole second since 1970")
    return int(found)


#: Seconds of the epoch inside, an RFC 3339 text without fractions in documents.
Second = Annotated[int, BeforeValidator(_read_second), WithJsonSchema({"type": "string", "format": "date-time"})]
#: Short enough to be read as a whole; the catalog parses them.
Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class TimerDocument(DocumentModel):
    """`packs/<pack>/timers/<name>.yaml`; exactly one of `every`, `cron` and `at`."""

    KIND: ClassVar[str] = "timer"

    description: Description = Field(description="What the timer is for, for people.")
    every: PositiveDuration | None = Field(
        None,
        description="How long from one time to the next, whole seconds; counted from `start`, or from 1970-01-01T00:00:00Z.",
        examples=["5m"],
    )
    cron: Line | None = Field(
        None,
        description="Five fields as in crontab(5): minute, hour, day of the month, month, day of the week; or a name such as @daily.",
        examples=["30 1 * * *", "@daily"],
    )
    at: Annotated[tuple[Second, ...], Field(strict=False, min_length=1, max_length=MOST_MOMENTS)] | None = Field(
        None, description="The moments themselves, the first one first.", examples=[["2026-12-24T18:00:00+01:00"]]
    )
    zone: Line | None = Field(
        None, description="Whose clocks `cron` goes by: a name of the IANA data base; UTC without it.", examples=["Europe/Berlin"]
    )
    jitter: PositiveDuration | None = Field(
        None, description="A tick comes up to so much later, always as much for the same time of the same timer.", examples=["30s"]
    )
    start: Second | None = Field(None, description="Nothing is due before it.", examples=["2026-01-01T00:00:00Z"])
    end: Second | None = Field(None, description="Nothing is due after it.", examples=["2026-12-31T23:59:59Z"])
    misfire: Literal["skip", "one", "all"] = Field(
        "one",
        description="What becomes of times that are more than a minute past when the controller comes to them. `skip`: nothing. "
        "`one`: one tick for the last of them. `all`: a tick for each of the last `at_most`.",
    )
    at_most: Annotated[int, Field(ge=1, le=MOST_TICKS)] | None = Field(
        None, description="Ticks that `misfire: all` makes up for at most; needed there.", examples=[10]
    )
    data: dict[str, JsonValue] = Field(
        default_factory=dict,
        max_length=200,
        description="What each tick's event has as `event.data.data`; literals.",
        examples=[{"kind": "full"}],
    )
