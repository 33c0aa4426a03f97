"""`attune controller`: run one, install it as a service, ask how it is, back it up and restore it, make and remove API tokens."""

import os
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands.options import DryRun, JsonFlag, ProfileName, Purge, Wheels, Yes, group
from attune_cli.pairs import read_pairs
from attune_cli.profiles import load_profile
from attune_cli.render.output import show_fields, show_json, show_line, show_table
from attune_cli.render.status import problem_line, status_fields
from attune_core.lasting import lasting
from attune_core.ports import SystemClock, SystemRandom, rfc3339
from attune_core.quantities import show_size
from attune_core.values import JsonObject
from attune_core.wire.api import Page, StatusView, TokenView

app = group("Run or install a controller, ask for its status, back it up, make tokens.")
#: Where a controller keeps its state unless its settings say otherwise.
DEFAULT_STATE = Path("/var/lib/attune-controller")
StatePath = Annotated[Path, typer.Option(metavar="DIR", help="The controller's state directory.")]
tokens = group("API tokens for people and programs.")
app.add_typer(tokens, name="token")


@app.command()
def run(
    settings: Annotated[Path | None, typer.Option(help="The settings file (YAML).")] = None,
    assignment: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE over the file, such as repository.url=https://…")] = None,
) -> None:
    """Run the controller until it is told to stop.

    Every setting can stand in the file, in a variable such as ATTUNE_CONTROLLER_REPOSITORY_URL, or in --set; later ones win.

    Example: attune controller run --settings /etc/attune/controller.yaml
    """
    with lasting():
        from attune_controller.main import run_controller
        from attune_controller.settings_file import read_settings

    raise typer.Exit(run_controller(read_settings(settings, environ=os.environ, flags=read_pairs(assignment, "--set"))))


@app.command()
def install(wheels: Wheels = None, dry_run: DryRun = False, json: JsonFlag = False) -> None:
    """Install or upgrade the controller as a service.

    Its settings are /etc/attune/controller.yaml.

    Example: attune controller install
    """
    from attune_cli.commands import installing
    from attune_cli.installation.programs import CONTROLLER

    if not dry_run:
        from attune_controller.settings_file import read_settings

        read_settings(CONTROLLER.settings)
    installing.install(CONTROLLER, wheels=wheels, dry_run=dry_run, json=json)


@app.command()
def uninstall(purge: Purge = False, yes: Yes = False, dry_run: DryRun = False, json: JsonFlag = False) -> None:
    """Take the controller off this host. Its state stays, unless it is purged.

    Example: attune controller uninstall
    """
    from attune_cli.commands import installing
    from attune_cli.installation.programs import CONTROLLER

    installing.uninstall(CONTROLLER, purge=purge, yes=yes, now=True, dry_run=dry_run, json=json)


@app.command()
def status(json: JsonFlag = False, profile: ProfileName = None) -> None:
    """Say which revision is live, and what is wrong with the newest.

    Example: attune controller status
    """
    with Client(load_profile(profile)) as client:
        found = client.get("/v1/status", StatusView)
    if json:
        show_json(found)
        return
    show_fields(status_fields(found))
    for problem in found.sync.problems:
        show_line(problem_line(problem))


@app.command()
def backup(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the backup goes; it is made.")],
    state: StatePath = DEFAULT_STATE,
    json: JsonFlag = False,
) -> None:
    """Copy what a controller cannot get again to a new folder.

    That is its store, authority, secrets, tokens and packs. The controller may go on running.

    It holds keys and secrets: keep it as you keep those. The settings file and the git repository are not in it.

    Example: attune controller backup /backup/attune-monday
    """
    from attune_controller.backup import make_backup

    os.umask(0o077)
    made = make_backup(state, directory, now=SystemClock().now())
    if json:
        show_json(made)
    else:
        show_line(f"{directory}: {len(made.files)} files, {show_size(sum(one.size for one in made.files))}")


@app.command()
def restore(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A backup.")],
    state: Annotated[Path, typer.Option(metavar="DIR", help="The new state directory; it is made.")],
    json: JsonFlag = False,
) -> None:
    """Make a state directory of a backup. The controller that is started on it asks its agents what they hold before it goes on.

    What was accepted after the backup and is not in an agent's hands is gone; what may have run meanwhile is lost, and never run again.

    Example: attune controller restore /backup/attune-monday --state /var/lib/attune-controller
    """
    from attune_controller.restoring import restore_backup

    os.umask(0o077)
    made = restore_backup(directory, state, SystemClock(), SystemRandom())
    fields: JsonObject = {
        "state": str(state),
        "incarnation": made.incarnation,
        "made_at": rfc3339(made.manifest.made_at),
        "dead_letters": made.dead_letters,
        "lost": made.lost,
        "groups": made.groups,
        "agents_to_ask": made.agents,
    }
    if json:
        show_json(fields)
    else:
        show_fields([(name.replace("_", " "), str(value)) for name, value in fields.items()])


@tokens.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[list[str], typer.Option(help="events:send, read, operate or admin; as often as needed.")],
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Make a token and show it once.

    Example: attune controller token create ci --scope events:send
    """
    with Client(load_profile(profile)) as client:
        made = client.post("/v1/tokens", {"name": name, "scopes": [*scope]}, TokenView)
    if json:
        show_json(made)
    else:
        show_line(made.token)


@tokens.command("list")
def list_tokens(json: JsonFlag = False, profile: ProfileName = None) -> None:
    """List the tokens, without their values.

    Example: attune controller token list
    """
    with Client(load_profile(profile)) as client:
        found = list(client.pages("/v1/tokens", Page[TokenView], {}, most=10_000))
    if json:
        show_json(found)
    else:
        show_table(
            ("token", "scopes", "made"), [(item.name, ", ".join(item.scopes), item.created_at[:19]) for item in found], empty="no tokens"
        )


@tokens.command("remove")
def remove_token(name: Annotated[str, typer.Argument(help="The token's name.")], profile: ProfileName = None) -> None:
    """Remove a token; who holds it is refused from now on.

    Example: attune controller token remove ci
    """
    with Client(load_profile(profile)) as client:
        client.delete(f"/v1/tokens/{name}")
    show_line(f"token {name} is gone")
