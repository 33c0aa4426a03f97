"""An action's document: a program in argv form, what it takes, what it returns, and the policies around it.

Read by the catalog; planning and the agent see it as part of an Action. Design §2 and §3 say what each key promises.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints

from attune_core.models.base import Description, DocumentModel, JsonSchemaObject, PositiveDuration, Template, UserName
from attune_core.models.parameter import Parameter
from attune_core.models.policies import Concurrency, Limits, Logs, Rate, Retry
from attune_core.names import Name, Reference

Argument = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")]
VARIABLE_PATTERN = r"^[A-Z_][A-Z0-9_]{0,127}$"
InputFormat = Literal["json", "yaml", "dotenv"]
VariableName = Annotated[str, StringConstraints(pattern=VARIABLE_PATTERN)]


def unique(references: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a reference that stands twice."""
    if twice := next((one for index, one in enumerate(references) if one in references[:index]), None):
        raise ValueError(f"`{twice}` stands twice")
    return references


class InputContract(DocumentModel):
    """How the Input document reaches the program."""

    via: Literal["stdin", "file"] = Field(
        "stdin", description="Where the program reads its input: on standard input, or in the file that ATTUNE_INPUT names."
    )
    format: InputFormat = Field(
        "json", description="The format of the input; `dotenv` is for shells: `. /dev/stdin` sets a variable for each value."
    )


class ResultContract(DocumentModel):
    """Where the Result comes from and which JSON Schema it must fit (None: any JSON)."""

    source: Annotated[
        Literal["file", "stdout"],
        Field(
            alias="from",
            description="`file`: one JSON document in the file that ATTUNE_RESULT names. `stdout`: all that the program prints.",
        ),
    ] = "file"
    value_schema: Annotated[
        JsonSchemaObject | None,
        Field(alias="schema", description="The JSON Schema (2020-12) that the result must fit; without it any JSON is taken."),
    ] = None


class ActionDocument(DocumentModel):
    """`packs/<pack>/actions/<name>.yaml`."""

    KIND: ClassVar[str] = "action"

    description: Description = Field(description="What the action does, for people.")
    run: Annotated[tuple[Argument, ...], Field(strict=False, min_length=1, max_length=256)] = Field(
        description="The program and its arguments. The first word is looked for in the environment, then in the host's `path`; "
        "a path with `./` is a file beside this document. No expressions: what a rule gives is read from the input.",
        examples=[["python", "restart.py"], ["./page.sh"]],
    )
    environment: Name | None = Field(
        None, description="One of the pack's `environments`; without it the program runs with what the host has.", examples=["python"]
    )
    parameters: dict[Name, Parameter] = Field(
        default_factory=dict, max_length=200, description="What the action takes: name -> JSON Schema, plus secret, default and optional."
    )
    input: InputContract = Field(InputContract(), description="How the input reaches the program.")
    result: ResultContract | None = Field(None, description="What the program returns; without it there is no result.")
    user: UserName | None = Field(
        None,
        description="The user of the host that the program runs as, if the host's agent.yaml grants it to this action; "
        "without it each attempt has a user of its own.",
        examples=["root"],
    )
    limits: Limits = Field(Limits(), description="What all processes of one attempt may use together.")
    sandbox: Literal["none", "strict"] = Field(
        "none",
        description="`strict`: a read-only root, a /tmp, /proc and /dev of its own, nothing of Attune and of other attempts, no network.",
    )
    network: bool = Field(default=False, description="Whether the program has the network in a sandbox; outside one it always has.")
    emits: Annotated[
        tuple[Reference, ...], Field(strict=False, max_length=100, json_schema_extra={"uniqueItems": True}), AfterValidator(unique)
    ] = Field(
        (),
        description="The triggers whose events the program sends itself: a declaration, so that loops are found before the merge.",
        examples=[["web.restarted"]],
    )
    timeout: PositiveDuration = Field(3600.0, description="How long one attempt may run; then its whole process tree is ended.")
    start_within: PositiveDuration | None = Field(
        None, description="How long after its acceptance it may first start; later it is not run at all.", examples=["24h"]
    )
    retry: Retry = Field(Retry(), description="Whether and when an attempt is made again.")
    concurrency: Concurrency = Field(Concurrency(), description="How many executions may run at once; the others wait in order.")
    rate: Rate | None = Field(None, description="How many attempts may start in a time; without it as many as `concurrency` lets.")
    logs: Logs = Field(Logs(), description="How much of the program's output is kept.")
    env: dict[VariableName, Template] = Field(
        default_factory=dict,
        max_length=100,
        description="Environment variables beside the contract's own: texts with `${{ }}` over parameters that are not secret.",
        examples=[{"UNIT": "${{ parameters.unit }}"}],
    )
