"""`attune timer`: the timers that are live, one of them in full, and when one of a working copy is due."""

from pathlib import Path
from typing import Annotated

import typer

from attune_cli.commands.options import JsonFlag, ProfileName, group

app = group("Timers: those that are live, and when one is due.")


@app.command("list")
def list_timers(json: JsonFlag = False, profile: ProfileName = None) -> None:
    """List the timers that are live now.

    Says when each is due next and was due last, and how many times were missed.

    Example: attune timer list --json
    """
    from attune_cli.client import Client
    from attune_cli.profiles import load_profile
    from attune_cli.render.output import show_json, show_table
    from attune_cli.render.timer import COLUMNS, timer_row
    from attune_core.wire.api import Page
    from attune_core.wire.timers import TimerView

    with Client(load_profile(profile)) as client:
        timers = list(client.pages("/v1/timers", Page[TimerView], {}, most=100_000))
    if json:
        show_json(timers)
        return
    show_table(COLUMNS, [timer_row(one) for one in timers], empty="no timer is live")


@app.command()
def show(
    timer: Annotated[str, typer.Argument(metavar="PACK.TIMER", help="The timer, such as web.nightly.")],
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Show when a timer that is live is due, and what it fires.

    Its next times are also said by the clocks of its zone.

    Example: attune timer show web.nightly
    """
    from attune_cli.client import Client
    from attune_cli.profiles import load_profile
    from attune_cli.references import reference
    from attune_cli.render.output import show_fields, show_json
    from attune_cli.render.timer import timer_fields
    from attune_core.wire.timers import TimerDetail

    reference(timer, "PACK.TIMER")
    with Client(load_profile(profile)) as client:
        found = client.get(f"/v1/timers/{timer}", TimerDetail)
    if json:
        show_json(found)
    else:
        show_fields(timer_fields(found))


@app.command("next")
def next_times(
    timer: Annotated[str, typer.Argument(metavar="PACK.TIMER", help="The timer, such as web.nightly.")],
    count: Annotated[int, typer.Option("--count", min=1, max=1000, help="How many times.")] = 5,
    since: Annotated[str | None, typer.Option("--from", help="After which moment, such as 2026-03-28T00:00:00Z; now without it.")] = None,
    path: Annotated[Path, typer.Option("--repository", help="The pack repository.")] = Path(),
    json: JsonFlag = False,
) -> None:
    """Show when a timer of a working copy is due next.

    No controller is asked.

    Example: attune timer next web.nightly --count 3 --from 2026-03-28T00:00:00Z
    """
    from attune_cli.local.timer_times import show_times

    raise typer.Exit(show_times(path, timer, count, since, json=json))


@app.callback()
def timer() -> None:
    """Timers: those that are live, and when one is due."""
