"""A sensor's document: a program that watches something and prints events, what it may send, and where and when it runs.

Read by the catalog; the controller places it on agents, which keep it running. docs/contract/sensor.md says what each key promises.
"""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from attune_core.models.action import Argument, InputContract, unique
from attune_core.models.base import Description, DocumentModel, PositiveDuration, UserName
from attune_core.models.policies import Limits, Logs
from attune_core.models.rule import Label
from attune_core.names import Name, Reference

#: The whole of a text in `config` that stands for a secret.
SECRET_PATTERN = r"\$\{\{\s*secrets\.([a-z][a-z0-9_]{0,62})\s*\}\}"  # noqa: S105 - a pattern, not a secret

LabelValue = Annotated[str, StringConstraints(max_length=1024)]


class SensorAgents(DocumentModel):
    """Which agents may run it: those that have every label."""

    match: dict[Label, LabelValue] = Field(
        default_factory=dict,
        max_length=32,
        description="Label -> the value that an agent must have. Empty: every agent.",
        examples=[{"role": "web"}],
    )


class SensorDocument(DocumentModel):
    """`packs/<pack>/sensors/<name>.yaml`."""

    KIND: ClassVar[str] = "sensor"

    description: Description = Field(description="What the sensor watches, for people.")
    run: Annotated[tuple[Argument, ...], Field(strict=False, min_length=1, max_length=256)] = Field(
        description="The program and its arguments. The first word is looked for in the environment, then in the host's `path`; "
        "a path with `./` is a file beside this document. No expressions: what differs is read from the configuration.",
        examples=[["python", "disk.py"], ["./disk.sh"]],
    )
    environment: Name | None = Field(
        None, description="One of the pack's `environments`; without it the program runs with what the host has.", examples=["python"]
    )
    emits: Annotated[
        tuple[Reference, ...],
        Field(strict=False, min_length=1, max_length=100, json_schema_extra={"uniqueItems": True}),
        AfterValidator(unique),
    ] = Field(description="The triggers whose events it sends, of any pack; an event of another trigger is a dead letter.")
    mode: Literal["stream", "poll"] = Field(
        "stream",
        description="`stream`: it runs for ever and prints events as they come. `poll`: it is started every so often, prints what it "
        "found and ends; it may return a state that the next run is given.",
    )
    every: PositiveDuration | None = Field(
        None, description="With `mode: poll`, how long after the start of a run the next one is started.", examples=["1m"]
    )
    timeout: PositiveDuration = Field(
        60.0, description="With `mode: poll`, how long one run may take before its whole process tree is ended."
    )
    config: dict[Name, JsonValue] = Field(
        default_factory=dict,
        max_length=200,
        description="What it is given under `config`: name -> a literal, or exactly `${{ secrets.NAME }}`, one of the agent's secrets.",
        examples=[{"path": "/srv", "limit": 90, "token": "${{ secrets.web_token }}"}],
    )
    input: InputContract = Field(InputContract(), description="How the configuration reaches the program.")
    agents: SensorAgents = Field(SensorAgents(), description="Where it may run; without it on every agent.")
    run_on: Literal["one", "all"] = Field(
        "one", description="`one`: one of these agents runs it and keeps it. `all`: each of them runs it."
    )
    failover: PositiveDuration | None = Field(
        None,
        description="With `run_on: one`, how long its agent may be away before another one runs it. Without it an agent that is away "
        "keeps it.",
        examples=["5m"],
    )
    always: bool = Field(default=False, description="`true`: it runs although no rule uses a trigger that it emits.")
    silence: PositiveDuration | None = Field(
        None,
        description="With `mode: stream`, after how long without a line it counts as hung and is started again; a line "
        '`{"heartbeat": true}` is one. Without it it may be silent for ever.',
        examples=["5m"],
    )
    user: UserName | None = Field(
        None,
        description="The user of the host that the program runs as, if the host's agent.yaml grants it to this sensor; "
        "without it each sensor has a user of its own.",
        examples=["root"],
    )
    limits: Limits = Field(Limits(), description="What all processes of the sensor may use together.")
    sandbox: Literal["none", "strict"] = Field(
        "none",
        description="`strict`: a read-only root, a /tmp, /proc and /dev of its own, nothing of Attune and of other programs, no network.",
    )
    network: bool = Field(default=False, description="Whether the program has the network in a sandbox; outside one it always has.")
    logs: Logs = Field(Logs(), description="How much of what it writes to stderr is kept.")


def secret_of(value: JsonValue) -> str | None:
    """Return the name of the secret that a value of `config` stands for, None when it is a literal."""
    found = re.fullmatch(SECRET_PATTERN, value, re.ASCII) if isinstance(value, str) else None
    return found[1] if found else None
