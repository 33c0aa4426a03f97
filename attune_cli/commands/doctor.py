"""`attune doctor`: what is wrong with this host, for the controller, the agent or the profile that live on it; it changes nothing."""

from pathlib import Path
from typing import Annotated

import typer

from attune_cli.commands.options import JsonFlag, ProfileName, command

app = command()


@app.command()
def doctor(
    controller: Annotated[bool, typer.Option("--controller", help="Look at a controller, whatever else lives here.")] = False,
    agent: Annotated[bool, typer.Option("--agent", help="Look at an agent and its executor, whatever else lives here.")] = False,
    state: Annotated[
        Path | None,
        typer.Option(metavar="DIR", readable=False, help="A state directory (default: those in /var/lib, or $ATTUNE_AGENT_STATE)."),
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(metavar="FILE", readable=False, help="The controller's settings (default: /etc/attune/controller.yaml).")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", readable=False, help="The agent's (default: $ATTUNE_AGENT_CONFIG, or /etc/attune/agent.yaml)."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(metavar="DIR", readable=False, help="Where the executor's socket is (default: $ATTUNE_AGENT_RUN, or /run/attune)."),
    ] = None,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Say what is wrong with this host, and what to do about it.

    Looks at whichever of controller, agent and profile are here: clock, DNS, TLS, ports, disk, versions, users and modes, toolchains,
    the executor, limits of the kernel. It changes nothing and needs no root; what only root sees is `skipped`. Exit code 1: there is an
    error.

    Example: sudo attune doctor

    Example: attune doctor --controller --settings /etc/attune/controller.yaml --json
    """
    from attune_cli.doctor.findings import Level
    from attune_cli.doctor.here import Told, look_around
    from attune_cli.doctor.table import examine
    from attune_cli.render.doctor import show_findings

    here = look_around(Told(controller=controller, agent=agent, state=state, run=run, settings=settings, config=config, profile=profile))
    findings = examine(here)
    show_findings(findings, here.programs, json=json)
    raise typer.Exit(1 if any(one.judgement.level is Level.ERROR for one in findings) else 0)
