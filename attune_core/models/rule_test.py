"""A rule test's document: events in their order, and the executions that named rules give or do not give for them.

Read by the catalog, which checks events and references; `attune test` decides each case over the same code as the planner.
"""

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, JsonValue, StringConstraints, WithJsonSchema, model_validator

from attune_core.models.base import Description, DocumentModel, PositiveDuration
from attune_core.models.rule import Expression, Label
from attune_core.moments import parse_moment
from attune_core.names import Name, Reference, TriggerReference

#: Bounds of one document; a case is for people to read.
CASES, EVENTS = 1000, 1000

CaseName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Attribute = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
#: Which event of the case, counted from 1.
EventNumber = Annotated[int, Field(ge=1, le=EVENTS)]


def _read_moment(value: object) -> float:
    if isinstance(value, str):
        return parse_moment(value)
    raise ValueError("a moment is a text such as 2026-01-02T03:04:05Z")


#: Seconds since the epoch inside, an RFC 3339 text in documents.
Moment = Annotated[float, BeforeValidator(_read_moment), WithJsonSchema({"type": "string", "format": "date-time"})]


class GivenEvent(DocumentModel):
    """One event. Its moment is `at`, or `after` the one before; without either, the same (the first: 2026-01-01T00:00:00Z)."""

    trigger: TriggerReference
    at: Moment | None = None
    after: PositiveDuration | None = None
    id: Attribute | None = None
    source: Attribute | None = None
    subject: Attribute | None = None
    #: Of a completion, only what differs from a success without a result.
    data: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_moment(self) -> "GivenEvent":
        if self.at is not None and self.after is not None:
            raise ValueError("`at` and `after` are two moments; keep one of them")
        return self


class Expectation(DocumentModel):
    """An execution that must come of the case; what is left out is not looked at."""

    rule: Reference
    event: EventNumber | None = None
    action: Reference | None = None
    #: The whole input; a parameter that is not written is expected to have its default. A secret is `${{ secrets.NAME }}`.
    input: dict[Name, JsonValue] | None = None
    #: The labels that an agent must have, all of them.
    agents: dict[Label, str] | None = None
    #: The value of the action's `concurrency.key`.
    key: JsonValue = None


class Silence(DocumentModel):
    """A rule that must not fire, for one event or for all, and why."""

    rule: Reference
    event: EventNumber | None = None
    #: The clause of the condition that does not hold; or `throttled`, `input_invalid`, `disabled`.
    because: Expression | None = None


class Case(DocumentModel):
    """Events, and what comes of them. Each rule that is named is judged whole: it fires as often as expected and not once more."""

    name: CaseName
    events: Annotated[tuple[GivenEvent, ...], Field(strict=False, min_length=1, max_length=EVENTS)]
    expect: Annotated[tuple[Expectation, ...], Field(strict=False, max_length=EVENTS)] = ()
    expect_none: Annotated[tuple[Silence, ...], Field(strict=False, max_length=EVENTS)] = ()

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

    description: Description
    cases: Annotated[tuple[Case, ...], Field(strict=False, min_length=1, max_length=CASES)]
