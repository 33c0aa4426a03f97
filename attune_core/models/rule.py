"""A rule's document: trigger, condition, action, input and which agents; when this happens and that holds, run this there.

Read by the catalog, which checks every reference and expression in it before planning may use it.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue, StringConstraints

from attune_core.models.base import Description, DocumentModel, Template
from attune_core.models.throttle import Throttle
from attune_core.names import NAME_PATTERN, Name, Reference, TriggerReference

Expression = Annotated[str, StringConstraints(min_length=1, max_length=65_536)]
Label = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]


class Agents(DocumentModel):
    """The Selector: every label in `match` must be the agent's, and one of them or all of them run the action."""

    match: dict[Label, Template] = Field(
        default_factory=dict,
        max_length=32,
        description="Label -> the value that an agent must have; a text with `${{ }}` takes it from the event. Empty: every agent.",
        examples=[{"role": "web", "host": "${{ event.data.host }}"}],
    )
    pick: Literal["any", "all"] = Field("any", description="`any`: one of these agents runs it. `all`: each of them does.")


class RuleDocument(DocumentModel):
    """`packs/<pack>/rules/<name>.yaml` or `rules/<name>.yaml`."""

    KIND: ClassVar[str] = "rule"

    description: Description = Field(description="What the rule is for, for people.")
    trigger: TriggerReference = Field(
        description="Which kind of event: `pack.trigger`, `pack.action.completed` for the end of an execution, or `core.…` for what the "
        "controller itself tells.",
        examples=["web.alert", "web.restart.completed", "core.agent_unreachable"],
    )
    when: Expression | None = Field(
        None,
        description="The condition, an expression over `event` whose value is true or false; without it every event of the trigger fires. "
        "Clauses that name `events`, where the throttle has them, are judged when the rule is about to fire.",
        examples=['event.data.severity == "critical"'],
    )
    action: Reference = Field(description="What runs: `pack.action`.", examples=["web.restart"])
    input: dict[Name, JsonValue] = Field(
        default_factory=dict,
        max_length=200,
        description="Parameter -> its value: a literal, or a text with `${{ }}`.",
        examples=[{"unit": "${{ event.data.unit }}", "token": "${{ secrets.web_token }}"}],
    )
    agents: Agents = Field(description="Where it runs.")
    throttle: Throttle | None = Field(None, description="How often it fires, or for which events together; without it once for each event.")
    enabled: bool = Field(default=True, description="`false` switches the rule off; it is checked all the same.")
