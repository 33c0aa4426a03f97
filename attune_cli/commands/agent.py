"""`attune agent`: let hosts join, and list them."""

from pathlib import Path
from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, ProfileName, group
from attune_cli.errors import BadArgument
from attune_cli.pairs import read_pairs
from attune_cli.profiles import load_profile
from attune_cli.render.output import note, show_json, show_line, show_table
from attune_cli.tokens import read_token
from attune_core.quantities import parse_duration
from attune_core.wire.api import AgentView, JoinTokenView, Page

app = group("Join hosts and list them.")


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
    """Enrol this host: make a key here and get a certificate for it.

    Example: attune agent join --token-file token
    """
    from attune_cli.local.joining import join_here

    show_line(join_here(read_token(token_file, prompt="Join token"), state, force=force))


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
    rows = [
        (
            agent.name,
            ", ".join(f"{name}={value}" for name, value in sorted(agent.labels.items())),
            agent.state,
            f"{agent.busy}/{agent.slots}" if agent.slots else "",
            agent.version,
            agent.last_seen_at[:19],
        )
        for agent in agents
    ]
    show_table(("agent", "labels", "state", "slots", "version", "last seen"), rows, empty="no agent has joined; see: attune agent invite")
