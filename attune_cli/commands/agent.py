"""`attune agent`: let hosts join, install them as services, list and operate them: cordon, pause, drain, forget."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

import typer

from attune_cli.client import Client
from attune_cli.commands import agent_environments
from attune_cli.commands.options import DryRun, JsonFlag, ProfileName, Purge, Wheels, Yes, group
from attune_cli.errors import BadArgument
from attune_cli.operating import confirm_forgetting, confirmed, drained
from attune_cli.pairs import read_pairs
from attune_cli.profiles import load_profile
from attune_cli.render.agent import agent_lines, drain_line, forgotten_line, marks_of, sensors_of
from attune_cli.render.output import note, show_json, show_line, show_table
from attune_cli.tokens import read_token
from attune_core.quantities import parse_duration
from attune_core.wire.api import AgentView, ForgottenView, JoinTokenView, Page

app = group("Join hosts, install, list and operate them.")
app.add_typer(agent_environments.app, name="environments")

Name = Annotated[str, typer.Argument(help="The agent's name.")]
Note = Annotated[str, typer.Option("--note", help="Why; everyone who looks at the agent sees it.")]


@app.command()
def invite(
    name: Annotated[str, typer.Argument(help="The name of the agent that may join.")],
    label: Annotated[list[str] | None, typer.Option("--label", help="NAME=VALUE, as often as needed; rules choose by these.")] = None,
    valid: Annotated[str, typer.Option(help="How long the token may be used, at most 15m.")] = "15m",
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Print a join token, good once, for this name and labels.

    Example: attune agent invite web1 --label role=web | ssh web1 sudo attune agent join
    """
    labels = read_pairs(label, "--label")
    try:
        ttl = int(parse_duration(valid))
    except ValueError as error:
        raise BadArgument(str(error)) from error
    with Client(load_profile(profile)) as client:
        made = client.post("/v1/join_tokens", {"name": name, "labels": {**labels}, "ttl": ttl}, JoinTokenView)
    if json:
        show_json(made)
    else:
        show_line(made.token)
        note(f"good for {made.name} until {made.expires_at}; on its host: attune agent join")


@app.command()
def join(
    token_file: Annotated[Path | None, typer.Option(help="Read the token from this file, not a prompt or standard input.")] = None,
    state: Annotated[Path, typer.Option(help="The agent's state directory.")] = Path("/var/lib/attune"),
    force: Annotated[bool, typer.Option("--force", help="Replace an identity that is there.")] = False,
) -> None:
    """Enrol this host: make a key, get its certificate.

    Example: attune agent join --token-file token
    """
    from attune_cli.local.joining import join_here

    show_line(join_here(read_token(token_file, prompt="Join token"), state, force=force))


@app.command()
def install(
    token_file: Annotated[Path | None, typer.Option(help="Read the token from this file, not a prompt or standard input.")] = None,
    wheels: Wheels = None,
    executor: Annotated[
        Literal["keep", "idle", "now"],
        typer.Option(help="An executor that runs: keep it, replace it when nothing runs, or now, which ends what runs."),
    ] = "keep",
    dry_run: DryRun = False,
    json: JsonFlag = False,
) -> None:
    """Install or upgrade agent and executor as services.

    Asks for the join token (on a terminal, else standard input) unless this host has joined. An upgrade touches no running action.

    Example: attune agent install --token-file web1.token
    """
    from attune_cli.commands import installing
    from attune_cli.installation.programs import AGENT

    installing.install(AGENT, wheels=wheels, token_file=token_file, executor=executor, dry_run=dry_run, json=json)


@app.command()
def uninstall(
    purge: Purge = False,
    now: Annotated[bool, typer.Option("--now", help="End what runs instead of waiting for it.")] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: JsonFlag = False,
) -> None:
    """Take agent and executor off this host.

    As soon as nothing runs. Their state stays, unless it is purged.

    Example: attune agent uninstall
    """
    from attune_cli.commands import installing
    from attune_cli.installation.programs import AGENT

    installing.uninstall(AGENT, purge=purge, yes=yes, now=now, dry_run=dry_run, json=json)


@app.command("list")
def list_agents(json: JsonFlag = False, profile: ProfileName = None) -> None:
    """List the enrolled agents.

    Example: attune agent list
    """
    with Client(load_profile(profile)) as client:
        agents = list(client.pages("/v1/agents", Page[AgentView], {}, most=10_000))
    if json:
        show_json(agents)
        return
    with_sensors = any(agent.sensors for agent in agents)
    rows = [
        (
            agent.name,
            ", ".join(f"{name}={value}" for name, value in sorted(agent.labels.items())),
            agent.state,
            "; ".join(marks_of(agent)),
            f"{agent.busy}/{agent.slots}" if agent.slots else "",
            *([sensors_of(agent)] if with_sensors else []),
            agent.version,
            agent.last_seen_at[:19],
        )
        for agent in agents
    ]
    heads = ("agent", "labels", "state", "marks", "slots", *(["sensors"] if with_sensors else []), "version", "last seen")
    show_table(heads, rows, empty="no agent has joined; see: attune agent invite")


@app.command()
def cordon(name: Name, why: Note = "", json: JsonFlag = False, profile: ProfileName = None) -> None:
    """Place nothing new on an agent.

    What stands in its queues goes on; `pick: all` leaves it out and says so.

    Example: attune agent cordon web1 --note "old kernel"
    """
    with Client(load_profile(profile)) as client:
        _show(client.post(_path(name, "cordon"), {"note": why}, AgentView), json=json)


@app.command()
def uncordon(name: Name, json: JsonFlag = False, profile: ProfileName = None) -> None:
    """Let an agent get work again after a cordon or a drain.

    Example: attune agent uncordon web1
    """
    with Client(load_profile(profile)) as client:
        _show(client.post(_path(name, "uncordon"), {}, AgentView), json=json)


@app.command()
def pause(
    name: Name,
    why: Annotated[str, typer.Option("--note", help="Why; everyone whose work waits sees it.")],
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Let an agent start nothing new.

    What runs goes on, and the queues keep their order. The agent stores the pause, so that it holds through restarts too.

    Example: attune agent pause web1 --note "disk swap"
    """
    with Client(load_profile(profile)) as client:
        _show(confirmed(client, client.post(_path(name, "pause"), {"note": why}, AgentView)), json=json)


@app.command()
def resume(name: Name, json: JsonFlag = False, profile: ProfileName = None) -> None:
    """End an agent's pause.

    A pause in the host's own agent.yaml is ended there, and nowhere else.

    Example: attune agent resume web1
    """
    with Client(load_profile(profile)) as client:
        _show(client.post(_path(name, "resume"), {}, AgentView), json=json)


@app.command()
def drain(
    name: Name,
    why: Note = "",
    wait: Annotated[bool, typer.Option("--wait", help="Show how far it is, and end when nothing is in hand any more.")] = False,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Empty an agent, so that its host can be taken down.

    It finishes what it was handed, and gets nothing more until it is uncordoned. What was not handed over waits in its place.

    Example: attune agent drain web1 --note "new disk" --wait
    """
    with Client(load_profile(profile)) as client:
        agent = client.post(_path(name, "drain"), {"note": why}, AgentView)
        if wait:
            agent = drained(client, agent, lambda now: note(drain_line(now)))
    _show(agent, json=json)
    if not json:
        show_line(drain_line(agent))


@app.command()
def forget(
    name: Name,
    why: Annotated[str, typer.Option("--note", help="Why; it stays in the event that tells of it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Give up an agent that does not come back.

    What it was handed is lost: it may have started, and is not run again. The rest is placed on other agents. Its certificate is void.

    Example: attune agent forget web1 --note "the host is gone"
    """
    with Client(load_profile(profile)) as client:
        if not yes:
            confirm_forgetting(client.get(f"/v1/agents/{quote(name, safe='')}", AgentView))
        gone = client.post(_path(name, "forget"), {"note": why}, ForgottenView)
    if json:
        show_json(gone)
    else:
        show_line(forgotten_line(gone))


def _path(name: str, what: str) -> str:
    return f"/v1/agents/{quote(name, safe='')}/{what}"


def _show(agent: AgentView, *, json: bool) -> None:
    if json:
        show_json(agent)
        return
    for line in agent_lines(agent):
        show_line(line)
