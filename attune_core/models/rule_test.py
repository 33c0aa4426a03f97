"""A rule test's document: events in their order, and the executions that named rules give or do not give for them.

Read by the catalog, which checks events and references; `attune test` decides each case over the same code as the planner.
"""

import re
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, JsonValue, StringConstraints, WithJsonSchema, model_validator

from attune_core.models.base import Description, DocumentModel, PositiveDuration
from attune_core.models.rule import Expression, Label
from attune_core.moments import parse_rfc3339
from attune_core.names import Name, Reference, TriggerReference

_SECRET = re.compile(r"\s*\$\{\{\s*secrets\.([a-z][a-z0-9_]*)\s*\}\}\s*")
#: Bounds of one document; a case is for people to read.
CASES, EVENTS = 1000, 1000

CaseName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Attribute = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
#: Which event of the case, counted from 1.
EventNumber = Annotated[int, Field(ge=1, le=EVENTS)]


def _read_moment(value: object) -> float:
    if not isinstance(value, str):
        raise ValueError("a moment is a text such as 2026-01-02T03:04:05Z")
    try:
        return parse_rfc3339(value)
    except ValueError as error:
        raise ValueError(f"{value[:64]!r} is no moment with its zone, such as 2026-01-02T03:04:05Z") from error


#: Seconds since the epoch inside, an RFC 3339 text in documents.
Moment = Annotated[float, BeforeValidator(_read_moment), WithJsonSchema({"type": "string", "format": "date-time"})]


class GivenEvent(DocumentModel):
    """One event. Its moment is `at`, or `after` the one before; without either, the same (the first: 2026-01-01T00:00:00Z)."""

    trigger: TriggerReference = Field(description="Which kind of event.", examples=["web.alert"])
    at: Moment | None = Field(None, description="When it is received.", examples=["2026-01-02T03:04:05Z"])
    after: PositiveDuration | None = Field(None, description="How long after the event before it is received.")
    id: Attribute | None = Field(None, description="The event's `id`; chosen where it is not given.")
    source: Attribute | None = Field(None, description="The event's `source`; chosen where it is not given.")
    subject: Attribute | None = Field(None, description="The event's `subject`.")
    data: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="The event's `data`, as the trigger's schema has them; of a completion what differs from a success without result.",
        examples=[{"unit": "web_1", "severity": "critical"}],
    )

    @model_validator(mode="after")
    def _one_moment(self) -> "GivenEvent":
        if self.at is not None and self.after is not None:
            raise ValueError("`at` and `after` are two moments; keep one of them")
        return self


class Expectation(DocumentModel):
    """An execution that must come of the case; what is left out is not looked at."""

    rule: Reference = Field(description="The rule that fires.", examples=["web.restart_on_alert"])
    event: EventNumber | None = Field(
        None, description="For which event of the case, counted from 1; where a throttle lets events wait, for the last of them."
    )
    at: Moment | None = Field(None, description="When it fires.", examples=["2026-01-02T03:04:05Z"])
    after: PositiveDuration | None = Field(
        None, description="How long after that event it fires, where a throttle lets events wait.", examples=["5m"]
    )
    action: Reference | None = Field(None, description="The action that is to run.")
    input: dict[Name, JsonValue] | None = Field(
        None,
        description="The whole input; a parameter that is not written is expected to have its default. A secret is `${{ secrets.NAME }}`.",
        examples=[{"unit": "web_1"}],
    )
    agents: dict[Label, str] | None = Field(
        None, description="The labels that an agent must have, all of them.", examples=[{"role": "web"}]
    )
    key: JsonValue = Field(None, description="The value of the action's `concurrency.key`.")


class Silence(DocumentModel):
    """A rule that must not fire, for one event or for all, and why."""

    rule: Reference = Field(description="The rule that does not fire.", examples=["web.restart_on_alert"])
    event: EventNumber | None = Field(None, description="For which event of the case, counted from 1; without it for none of them.")
    because: Expression | None = Field(
        None,
        description="The clause of the condition that does not hold; or `throttled`, `input_invalid`, `disabled`; or, where a throttle "
        "lets events wait, `waiting` (still at the end of the case), `gathered` (it fired for a later event), `too_few`, `answered`.",
        examples=['event.data.severity == "critical"'],
    )


class Case(DocumentModel):
    """Events, and what comes of them. Each rule that is named is judged whole: it fires as often as expected and not once more."""

    name: CaseName = Field(description="What the case shows, as a sentence.", examples=["a critical alert restarts its unit"])
    events: Annotated[tuple[GivenEvent, ...], Field(strict=False, min_length=1, max_length=EVENTS)] = Field(
        description="What happens, in this order."
    )
    advance: PositiveDuration | None = Field(
        None, description="How long the case goes on after its last event; what throttles let wait fires meanwhile.", examples=["10m"]
    )
    expect: Annotated[tuple[Expectation, ...], Field(strict=False, max_length=EVENTS)] = Field(
        (), description="The executions that come of it; an empty list says that no rule at all may fire."
    )
    expect_none: Annotated[tuple[Silence, ...], Field(strict=False, max_length=EVENTS)] = Field(
        (), description="The rules that must not fire."
    )

    @model_validator(mode="after")
    def _expects_something(self) -> "Case":
        if not self.model_fields_set & {"expect", "expect_none"}:
            raise ValueError("a case says what it expects: `expect`, `expect_none`, or `expect: []` when no rule at all may fire")
        return self

    @property
    def rules(self) -> frozenset[str]:
        """Return the rules that are named."""
        return frozenset(one.rule for one in self.expect) | frozenset(one.rule for one in self.expect_none)


class RuleTestDocument(DocumentModel):
    """`packs/<pack>/tests/<name>.yaml` or `tests/<name>.yaml`."""

    KIND: ClassVar[str] = "test"

    description: Description = Field(description="What is tested here, for people.")
    cases: Annotated[tuple[Case, ...], Field(strict=False, min_length=1, max_length=CASES)] = Field(
        description="The cases; each starts with no event before it."
    )


def secret_of(value: JsonValue) -> str | None:
    """Return the name of the secret that an expected input refers to, None if it is anything else."""
    found = _SECRET.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None
