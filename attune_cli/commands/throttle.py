"""`attune throttle`: the events that throttles let wait, and until when."""

import time
from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, Most, ProfileName, group
from attune_cli.profiles import load_profile
from attune_cli.render.output import show_json, show_table
from attune_cli.render.throttle import LIST, list_row
from attune_core.wire.api import Page
from attune_core.wire.groups import WaitingGroup

app = group("Throttles: the events that wait to be fired for together.")


@app.callback()
def throttle() -> None:
    """Throttles: the events that wait to be fired for together."""


@app.command("list")
def list_throttles(
    rule: Annotated[str | None, typer.Option(help="Only of this rule.")] = None,
    limit: Most = 200,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """List what waits under which key, and when it is asked.

    Example: attune throttle list --rule web.page_when_quiet
    """
    with Client(load_profile(profile)) as client:
        groups = list(client.pages("/v1/throttles", Page[WaitingGroup], {"rule": rule}, most=limit))
    if json:
        show_json(groups)
        return
    now = time.time()
    show_table(LIST, [list_row(one, now) for one in groups], empty="no events wait" + (" for this rule" if rule else ""))
