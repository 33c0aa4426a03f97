"""`attune action`: one action run, through the controller or here without any server; a new one from a template, and its types."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, ProfileName, group
from attune_cli.errors import BadArgument, TypesOutdated
from attune_cli.follow import executions_of, states_of
from attune_cli.json_argument import read_json
from attune_cli.languages import LANGUAGES
from attune_cli.pairs import read_pairs
from attune_cli.profiles import load_profile
from attune_cli.render.execution import execution_fields
from attune_cli.render.output import note, show_fields, show_json, show_line
from attune_core.names import is_name
from attune_core.states import Outcome
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.api import Accepted, ExecutionView


class TypesLanguage(Enum):
    """Whose types there are."""

    PYTHON = "python"
    TYPESCRIPT = "typescript"


app = group("Run one action, through the controller or here; start a new one.")


@app.callback()
def action() -> None:
    """Run one action, through the controller or here; start a new one."""


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
    """Run an action and wait for its end.

    Ends with 1 unless it succeeded.

    Example: attune action run web.restart -i unit=nginx --agent role=web

    Example: attune action run web.restart -i unit=nginx --local
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


@app.command()
def new(
    action: Annotated[str, typer.Argument(metavar="PACK.ACTION", help="Its name, such as web.restart; the pack is made if it is missing.")],
    language: Annotated[str, typer.Option("--language", help=f"What it is written in: {', '.join(LANGUAGES)}.")],
    repository: Annotated[Path, typer.Option("--repository", help="A path in the pack repository.")] = Path(),
    json: JsonFlag = False,
) -> None:
    """Write a new action that works.

    That is its document, its program, its types, and the environment that it runs in.

    Example: attune action new web.restart --language python
    """
    from attune_cli.new_program import new_action
    from attune_cli.render.made import show_made

    pack, name = _names(action)
    if language not in LANGUAGES:
        raise BadArgument(f"there is no template for {language!r}", hint=f"choose one of {', '.join(LANGUAGES)}")
    made = new_action(repository, pack, name, language)
    show_made(made, "action", action, repository, json=json)


@app.command()
def types(
    action: Annotated[str, typer.Argument(metavar="PACK.ACTION", help="The action, such as web.restart.")],
    language: Annotated[TypesLanguage, typer.Option("--language", help="Whose types; JavaScript reads those of TypeScript.")],
    repository: Annotated[Path, typer.Option("--repository", help="A path in the pack repository.")] = Path(),
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Default: ACTION_types beside the document.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; end with 2 when the file is not up to date.")] = False,
    json: JsonFlag = False,
) -> None:
    """Write the types of an action's input and result.

    They are made from its document, for editors and type checkers.

    Example: attune action types web.restart --language python
    """
    from attune_cli.action_types import types_path, types_text
    from attune_cli.working_pack import working_pack
    from attune_cli.written import rewrite

    pack, name = _names(action)
    found = working_pack(repository, pack)
    path = output or types_path(found.folder / "actions", name, language.value)
    text = types_text(action, found.action(name), language.value).encode()
    shown = output or found.place(path)
    current = path.is_file() and path.read_bytes() == text
    if check and not current:
        hint = f"make it again: attune action types {action} --language {language.value}"
        raise TypesOutdated(f"{shown} is not what the document of {action} gives", hint=hint)
    if not check:
        rewrite(path, text)
    if json:
        show_json({"action": action, "types": str(shown), "changed": not current})
    else:
        show_line(f"{shown} is up to date" if check else f"wrote {shown}")


def _names(action: str) -> tuple[str, str]:
    pack, dot, name = action.partition(".")
    if not (dot and is_name(pack) and is_name(name)):
        raise BadArgument(f"{action!r} is not of the form PACK.ACTION, with names of lower-case letters, digits and _")
    return pack, name


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
