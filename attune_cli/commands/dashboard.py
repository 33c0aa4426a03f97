"""`attune dashboard`: what a controller is doing, live on a screen; the screen and its library are imported when it is typed."""

import os
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, ProfileName, command
from attune_cli.errors import DashboardMissing, NoTerminal
from attune_cli.profiles import load_profile
from attune_cli.render.output import on_terminal, show_json
from attune_core.wire.overview import OverviewView

app = command()


@app.command()
def dashboard(
    readonly: Annotated[bool, typer.Option("--readonly", help="Show only: nothing can be cancelled, paused or cordoned.")] = False,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Watch a controller: events, executions, queues, agents, what is live and what failed; open each, follow its logs, act on it.

    Keys are shown at the foot of each screen, all of them with ?. With --json what the first screen shows is printed once.

    Example: attune dashboard --readonly
    """
    known = load_profile(profile)
    if json:
        with Client(known) as client:
            show_json(client.get("/v1/overview", OverviewView))
        return
    if not on_terminal() or not sys.stdin.isatty():
        raise NoTerminal(f"there is no terminal to draw on{' (TERM=dumb)' if os.environ.get('TERM') == 'dumb' else ''}")
    if find_spec("textual") is None:
        raise DashboardMissing("this installation has no library to draw with")
    from attune_cli.dashboard.composition import run_dashboard

    run_dashboard(known, readonly=readonly)
