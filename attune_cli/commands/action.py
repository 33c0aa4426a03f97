"""`attune action run`: one action, through the controller, or here without any server."""

from pathlib import Path
from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, ProfileName, group
from attune_cli.errors import BadArgument
from attune_cli.follow import executions_of, states_of
from attune_cli.json_argument import read_json
from attune_cli.pairs import read_pairs
from attune_cli.profiles import load_profile
from attune_cli.render.execution import execution_fields
from attune_cli.render.output import note, show_fields, show_json
from attune_core.states import Outcome
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.api import Accepted, ExecutionView

app = group("Run one action, through the controller or here.")


@app.callback()
def action() -> None:
    """Run one action, through the controller or here."""


@app.command()
def run(
    action: Annotated[str, typer.Argument(help="The action, such as web.restart.")],
    given: Annotated[list[str] | None, typer.Option("--input", "-i", help="NAME=VALUE, as often as needed; NAME=@FILE reads JSON.")] = None,
    document: Annotated[str | None, typer.Option("--input-json", help="The whole input as JSON; @FILE or - as usual.")] = None,
    secret: Annotated[list[str] | None, typer.Option("--secret", help="PARAMETER=SECRET: the name of a secret, never its value.")] = None,
    label: Annotated[
        list[str] | None, typer.Option("--agent", help="LABEL=VALUE of the agents that may run it; name=NAME for one.")
    ] = None,
    everywhere: Annotated[bool, typer.Option("--all", help="One execution on every matching agent.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for the end.")] = False,
    local: Annotated[bool, typer.Option("--local", help="Run it here, without a server, by the same code.")] = False,
    path: Annotated[Path, typer.Option("--repository", help="With --local: the pack repository.")] = Path(),
    secrets: Annotated[Path | None, typer.Option("--secrets", help="With --local: a folder with a 0600 file for each secret.")] = None,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Run an action and wait for its end; ends with 1 unless it succeeded.

    Examples: attune action run web.restart -i unit=nginx --agent role=web
              attune action run web.restart -i unit=nginx --local
    """
    values = _input(given or [], document)
    references = read_pairs(secret, "--secret")
    if local:
        from attune_cli.local.action_run import run_here

        raise typer.Exit(run_here(path, action, values, references, secrets, json=json))
    request: JsonValue = {
        "action": action,
        "input": values,
        "secrets": {**references},
        "match": {**read_pairs(label, "--agent")},
        "pick": "all" if everywhere else "any",
    }
    with Client(load_profile(profile)) as client:
        accepted = client.post("/v1/executions", request, Accepted)
        executions = executions_of(client, accepted.position)
        if no_wait:
            if json:
                show_json({"event": accepted.position, "executions": [*executions]})
            note(f"event {accepted.position}: {len(executions)} execution(s)")
            raise typer.Exit(0 if executions else 1)
        raise typer.Exit(_watch(client, executions, json=json))


def _watch(client: Client, executions: list[str], *, json: bool) -> int:
    """Wait for the ends, say the states on the way, and return 0 only when every one succeeded."""
    ended: list[ExecutionView] = []
    for execution in executions:
        seen = []
        for found in states_of(client, execution):
            note(f"{found.action} on {found.agent or '(no agent yet)'}: {found.outcome.value if found.outcome else found.state.value}")
            seen.append(found)
        ended += seen[-1:]
    if json:
        show_json(ended)
    else:
        for found in ended:
            show_fields(execution_fields(found))
    return 0 if ended and all(found.outcome is Outcome.SUCCEEDED for found in ended) else 1


def _input(given: list[str], document: str | None) -> JsonObject:
    whole = read_json(document) if document else {}
    if not isinstance(whole, dict):
        raise BadArgument("--input-json takes a JSON object")
    for name, text in read_pairs(given, "--input").items():
        whole[name] = read_json(text) if text.startswith("@") else _typed(text)
    return whole


def _typed(text: str) -> JsonValue:
    """Read numbers, booleans, null, lists and objects as JSON; everything else is a text. A text that looks like one goes in quotes."""
    import json

    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value
