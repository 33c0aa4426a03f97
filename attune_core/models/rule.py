"""A rule's document: trigger, condition, action, input and which agents; when this happens and that holds, run this there.

Read by the catalog, which checks every reference and expression in it before planning may use it.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue, StringConstraints

from attune_core.models.base import Description, DocumentModel, PositiveDuration, Template
from attune_core.names import NAME_PATTERN, Name, Reference, TriggerReference

Expression = Annotated[str, StringConstraints(min_length=1, max_length=65_536)]
Label = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]


class Agents(DocumentModel):
    """The Selector: every label in `match` must be the agent's, and one of them or all of them run the action."""

    match: dict[Label, Template] = Field(default_factory=dict, max_length=32)
    pick: Literal["any", "all"] = "any"


class Throttle(DocumentModel):
    """The first firing of a key is admitted; others of that key are dropped while it is less than `once_within` away."""

    once_within: PositiveDuration
    key: Template | None = None


class RuleDocument(DocumentModel):
    """`packs/<pack>/rules/<name>.yaml` or `rules/<name>.yaml`."""

    KIND: ClassVar[str] = "rule"

    description: Description
    trigger: TriggerReference
    when: Expression | None = None
    action: Reference
    #: Literal values, or texts with `${{ }}` at any depth.
    input: dict[Name, JsonValue] = Field(default_factory=dict, max_length=200)
    agents: Agents
    throttle: Throttle | None = None
    enabled: bool = True
