"""`attune plan`: replay recorded events through two revisions, and show the difference in executions before it is merged.

Loads both as the controller will; attune_core.effects compares, attune_cli.render prints. Ends with 0, with 1 when a revision has
errors or something came that --fail-on names, with 2 for bad use, with 3 for a failure.
"""

import gc
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, ProfileName, command
from attune_cli.comparing import FAIL_ON, Compared, RevisionName
from attune_cli.errors import BadArgument, EventsUnreadable
from attune_cli.loading import load_tree_or_show
from attune_cli.pack_repository import repository_root
from attune_cli.profiles import load_profile
from attune_cli.recording import recorded_by_controller
from attune_cli.render.output import note
from attune_cli.render.progress import progress
from attune_cli.revision_range import parse_range
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.git_tree import tree_at
from attune_core.effects.forecast import Forecast
from attune_core.rules.recorded import UnreadableLine, read_recorded

app = command()
#: Lines that are no events of which each is named.
NAMED_LINES = 5


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
    pair = _load(revisions, path, json=chosen is PlanFormat.JSON)
    if pair is None:
        raise typer.Exit(1)
    source = f"the controller, since {from_controller}" if events is None else _name(events)
    forecast = Forecast(base=pair.base, head=pair.head, examples=examples)
    gc.freeze()  # the catalogs stay to the end; looking through them again and again takes a third of the time
    if events is not None:
        _take_file(forecast, events)
    else:
        _take_from_controller(forecast, from_controller or "", profile)
    compared = Compared(base=pair.base_name, head=pair.head_name, source=source, forecast=forecast)
    _write(compared, chosen)
    raise typer.Exit(1 if compared.fails(tuple(fail_on or ())) else 0)


def _format(chosen: PlanFormat | None, *, json: bool) -> PlanFormat:
    if json and chosen not in {None, PlanFormat.JSON}:
        raise BadArgument(f"--json and --format {chosen} contradict each other", hint="give one of them")
    return PlanFormat.JSON if json else chosen or PlanFormat.TEXT


@dataclass(frozen=True, kw_only=True)
class _Pair:
    base: Catalog
    head: Catalog
    base_name: RevisionName
    head_name: RevisionName


def _load(text: str, path: Path, *, json: bool) -> _Pair | None:
    """Load both revisions; None when the Problems of one have been shown."""
    revisions = parse_range(text)
    root = repository_root(path, git=True)
    base_tree = revisions.base_tree(root)
    head_tree = FolderTree(root) if revisions.head is None else tree_at(root, revisions.head)
    commit = None if isinstance(head_tree, FolderTree) else head_tree.commit
    base_name = RevisionName(named=revisions.base, commit=base_tree.commit)
    head_name = RevisionName(named=revisions.head, commit=commit)
    catalogs: list[Catalog] = []
    for name, tree in ((base_name, base_tree), (head_name, head_tree)):
        loaded = load_tree_or_show(tree, root, revision=name.commit, json=json)
        if loaded.catalog is None:
            note(f"{name.text()} cannot be compared: it has errors, as shown")
            return None
        catalogs.append(loaded.catalog)
    return _Pair(base=catalogs[0], head=catalogs[1], base_name=base_name, head_name=head_name)


def _take_file(forecast: Forecast, path: Path) -> None:
    """Replay a file; `EventsUnreadable` names the first lines that are no events, and then nothing is shown."""
    standard = str(path) == "-"
    try:
        with nullcontext(sys.stdin.buffer) if standard else path.open("rb") as stream:
            total = None if standard else path.stat().st_size
            _take_lines(forecast, stream, _name(path), total)
    except OSError as error:
        raise EventsUnreadable(f"{path}: {error.strerror}", hint="name a file that `attune event export` wrote") from error


def _name(path: Path) -> str:
    return "standard input" if str(path) == "-" else str(path)


def _take_lines(forecast: Forecast, stream: BinaryIO, name: str, total: int | None) -> None:
    mistakes: list[UnreadableLine] = []
    count = 0
    with progress("events", total) as advance:
        place = 0
        for line in read_recorded(stream):
            if isinstance(line, UnreadableLine):
                count += 1
                mistakes = [*mistakes, line][:NAMED_LINES]
            elif not count:
                forecast.take(line)
            if total is not None:
                advance(stream.tell() - place)
                place = stream.tell()
    if count:
        named = "\n".join(f"{name}:{one.number}: {one.error}" for one in mistakes)
        raise EventsUnreadable(f"{count} line{'' if count == 1 else 's'} of the events cannot be read\n{named}")


def _take_from_controller(forecast: Forecast, since: str, profile: str | None) -> None:
    with Client(load_profile(profile)) as client, progress("events") as advance:
        for event in recorded_by_controller(client, since):
            forecast.take(event)
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
