"""`attune plan`: replay recorded events through two revisions, and show the difference in executions before it is merged.

Loads both as the controller will; attune_core.effects compares, attune_cli.render prints. Ends with 0, with 1 when a revision has
errors or something came that --fail-on names, with 2 for bad use, with 3 for a failure.
"""

import gc
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, ProfileName, command
from attune_cli.comparing import FAIL_ON, Compared
from attune_cli.errors import BadArgument
from attune_cli.loading import load_pair_or_show
from attune_cli.pack_repository import repository_root
from attune_cli.profiles import load_profile
from attune_cli.recording import name_of, recorded_by_controller, recorded_in_file, size_of
from attune_cli.render.progress import progress
from attune_cli.revision_range import parse_range
from attune_core.effects.forecast import Forecast
from attune_core.rules.recorded import RecordedEvent

app = command()


class PlanFormat(StrEnum):
    """How a plan is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


@app.command()
def plan(
    revisions: Annotated[
        str, typer.Argument(metavar="BASE..HEAD", help="`...`: since their merge base; without HEAD: the files as they are.")
    ],
    path: Annotated[Path, typer.Argument(help="The repository, or a place in it.")] = Path(),
    events: Annotated[
        Path | None, typer.Option("--events", metavar="FILE", help="What `attune event export` wrote; - reads standard input.")
    ] = None,
    from_controller: Annotated[
        str | None,
        typer.Option("--from-controller", metavar="SINCE", help="Ask the controller: a time, or how long ago, such as 24h."),
    ] = None,
    format_: Annotated[
        PlanFormat | None, typer.Option("--format", help="How to print it (default: text); markdown is one comment on a pull request.")
    ] = None,
    json: JsonFlag = False,
    fail_on: Annotated[
        list[str] | None, typer.Option("--fail-on", metavar="|".join(FAIL_ON), help="End with 1 when this comes; may be repeated.")
    ] = None,
    examples: Annotated[int, typer.Option("--examples", min=0, max=100, help="Events shown of each group.")] = 3,
    profile: ProfileName = None,
) -> None:
    """Show which executions a change makes appear, vanish or change.

    Example: attune plan main... --events events.ndjson
    """
    if (events is None) is (from_controller is None):
        raise BadArgument("give the events: either --events FILE or --from-controller SINCE")
    if wrong := [word for word in fail_on or () if word not in FAIL_ON]:
        raise BadArgument(f"--fail-on does not know {wrong[0]!r}", hint=f"it takes: {', '.join(FAIL_ON)}")
    chosen = _format(format_, json=json)
    pair = load_pair_or_show(parse_range(revisions), repository_root(path, git=True), json=chosen is PlanFormat.JSON)
    if pair is None:
        raise typer.Exit(1)
    source = f"the controller, since {from_controller}" if events is None else name_of(events)
    forecast = Forecast(base=pair.base, head=pair.head, examples=examples)
    gc.freeze()  # the catalogs stay to the end; looking through them again and again takes a third of the time
    for event in _events(events, from_controller or "", profile, json=chosen is PlanFormat.JSON):
        forecast.take(event)
    forecast.finish()
    compared = Compared(base=pair.base_name, head=pair.head_name, source=source, forecast=forecast)
    _write(compared, chosen)
    raise typer.Exit(1 if compared.fails(tuple(fail_on or ())) else 0)


def _format(chosen: PlanFormat | None, *, json: bool) -> PlanFormat:
    if json and chosen not in {None, PlanFormat.JSON}:
        raise BadArgument(f"--json and --format {chosen} contradict each other", hint="give one of them")
    return PlanFormat.JSON if json else chosen or PlanFormat.TEXT


def _events(path: Path | None, since: str, profile: str | None, *, json: bool) -> Iterator[RecordedEvent]:
    if path is not None:
        with progress("events", size_of(path), counts=True, json=json) as advance:
            yield from recorded_in_file(path, advance)
        return
    with Client(load_profile(profile)) as client, progress("events", json=json) as advance:
        for event in recorded_by_controller(client, since):
            yield event
            advance(1)


def _write(compared: Compared, chosen: PlanFormat) -> None:
    match chosen:
        case PlanFormat.TEXT:
            from attune_cli.render.plan import write_plan

            write_plan(compared)
        case PlanFormat.JSON:
            from attune_cli.render.plan_json import write_plan_json

            write_plan_json(compared)
        case PlanFormat.MARKDOWN:
            from attune_cli.render.plan_markdown import write_plan_markdown

            write_plan_markdown(compared)
