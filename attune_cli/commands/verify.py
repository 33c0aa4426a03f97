"""`attune verify`: whether the promises of order and once-ness held, judged from the controller's history and from files of hosts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, ProfileName, group
from attune_cli.errors import BadArgument
from attune_cli.journals import executor_journal, witness_file
from attune_cli.pairs import read_pairs
from attune_cli.profiles import load_profile
from attune_cli.render.progress import progress
from attune_cli.render.verdict import show_verdict
from attune_core.verification.history import Entry
from attune_core.verification.judging import Journal, Judging
from attune_core.verification.observed import Seen
from attune_core.wire.history import HistoryPage, StepView

app = group("Judge from outside whether the promises of order held.")


@app.callback()
def verify() -> None:
    """Judge from outside whether the promises of order held."""


@app.command()
def order(
    witness: Annotated[
        list[Path] | None,
        typer.Option("--witness", metavar="FILE", help="What actions wrote: `S` and `E` lines with their execution's id and attempt."),
    ] = None,
    executor: Annotated[
        list[Path] | None,
        typer.Option("--executor", metavar="DIR", help="An executor's state directory on this host, such as /var/lib/attune-executor."),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option("--limit", metavar="ACTION=N", help="The limit to judge an action by (default: the active revision's)."),
    ] = None,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Check what is on record against each promise of order.

    Names each broken promise with a counter-example, and ends with 1 then. An action is a witness when it writes
    `echo "S $ATTUNE_EXECUTION_ID $ATTUNE_ATTEMPT" >> FILE` first, and the same with E last.

    Example: attune verify order --witness /var/log/witness --executor /var/lib/attune-executor
    """
    given = _limits(limit or [])
    journals = [Journal(name=str(path), exact=False, seen=seen, strange=strange) for path, seen, strange in _witnesses(witness or [])]
    journals += [Journal(name=str(path), exact=True, seen=executor_journal(path)) for path in executor or []]
    limits: dict[str, int] = {}
    judging = Judging(limits)
    with Client(load_profile(profile)) as client, progress("steps", json=json) as advance:
        for page in _pages(client):
            limits.update(page.limits | given)
            for step in page.items:
                judging.take(_entry(step))
            advance(len(page.items))
    verdict = judging.verdict(journals)
    show_verdict(verdict, json=json)
    if verdict.broken:
        raise typer.Exit(1)


def _witnesses(paths: list[Path]) -> Iterator[tuple[Path, list[Seen], int]]:
    for path in paths:
        yield path, *witness_file(path)


def _limits(texts: list[str]) -> dict[str, int]:
    found = read_pairs(texts, "--limit", "ACTION=N")
    wrong = next((name for name, value in found.items() if not (value.isascii() and value.isdigit() and 0 < int(value) <= 1000)), None)
    if wrong is not None:
        raise BadArgument(f"--limit {wrong}={found[wrong]}: a whole number from 1 to 1000 is needed")
    return {name: int(value) for name, value in found.items()}


def _pages(client: Client) -> Iterator[HistoryPage]:
    after = "0"
    while after:
        page = client.get("/v1/history", HistoryPage, {"after": after})
        yield page
        after = page.next


def _entry(step: StepView) -> Entry:
    queue = step.queue
    return Entry(
        n=step.n,
        number=step.number,
        execution=step.execution,
        event=step.event,
        action=queue.action if queue else "",
        queue=f"{queue.place} {queue.action} {queue.key}" if queue else "",
        position=(step.epoch, step.sequence),
        state=step.state,
        attempt=step.attempt,
        outcome=step.outcome,
        late=step.late,
    )
