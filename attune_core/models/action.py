"""An action's document: a program in argv form, what it takes, what it returns, and the policies around it.

Read by the catalog; planning and the agent see it as part of an Action. Design §2 and §3 say what each key promises.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints

from attune_core.models.base import Description, DocumentModel, JsonSchemaObject, PositiveDuration, Template
from attune_core.models.parameter import Parameter
from attune_core.models.policies import Concurrency, Logs, Retry
from attune_core.names import Name, Reference

Argument = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")]
VARIABLE_PATTERN = r"^[A-Z_][A-Z0-9_]{0,127}$"
VariableName = Annotated[str, StringConstraints(pattern=VARIABLE_PATTERN)]


def _unique(references: tuple[str, ...]) -> tuple[str, ...]:
    if twice := next((one for index, one in enumerate(references) if one in references[:index]), None):
        raise ValueError(f"`{twice}` stands twice")
    return references


class InputContract(DocumentModel):
    """How the Input document reaches the program."""

    via: Literal["stdin"] = "stdin"
    format: Literal["json"] = "json"


class ResultContract(DocumentModel):
    """Where the Result comes from and which JSON Schema it must fit (None: any JSON)."""

    source: Annotated[Literal["file", "stdout"], Field(alias="from")] = "file"
    value_schema: Annotated[JsonSchemaObject | None, Field(alias="schema")] = None


class ActionDocument(DocumentModel):
    """`packs/<pack>/actions/<name>.yaml`."""

    KIND: ClassVar[str] = "action"

    description: Description
    run: Annotated[tuple[Argument, ...], Field(strict=False, min_length=1, max_length=256)]
    environment: Name | None = None
    parameters: dict[Name, Parameter] = Field(default_factory=dict, max_length=200)
    input: InputContract = InputContract()
    result: ResultContract | None = None
    #: The triggers whose events the program sends itself: a declaration, so that loops are found before the merge.
    emits: Annotated[
        tuple[Reference, ...], Field(strict=False, max_length=100, json_schema_extra={"uniqueItems": True}), AfterValidator(_unique)
    ] = ()
    timeout: PositiveDuration = 3600.0
    retry: Retry = Retry()
    concurrency: Concurrency = Concurrency()
    logs: Logs = Logs()
    #: Environment variables beside the contract's own; templates over non-secret parameters.
    env: dict[VariableName, Template] = Field(default_factory=dict, max_length=100)
