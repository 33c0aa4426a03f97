"""`attune top`: what a controller is doing, on one screen, or line by line where there is no terminal."""

from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, ProfileName, command
from attune_cli.profiles import load_profile
from attune_cli.render.output import on_terminal
from attune_cli.render.top import draw, write_lines

app = command()


@app.command()
def top(
    count: Annotated[int, typer.Option("--count", "-n", min=0, help="End after so many looks (default: at q or Ctrl-C).")] = 0,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Watch what a controller is doing: rates, queues, agents, failures.

    Where stdout is no terminal a line is written every few seconds, with --json one document a line.

    Example: attune top

    Example: attune top --json -n 1
    """
    with Client(load_profile(profile)) as client:
        if json or not on_terminal():
            write_lines(client, count=count, json=json)
        else:
            draw(client, count=count)
