"""`attune event dead-letter`: events that no rule was asked about: list, show, retry, drop; a group of `attune event`.

Reads and changes them through the controller's API, one by one, so that each is retried or dropped whole and told as an event of its own.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, TypeAlias, TypeVar

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, Most, ProfileName, group
from attune_cli.errors import BadArgument, NotConfirmed, RequestFailed
from attune_cli.profiles import load_profile
from attune_cli.recording import moment_of
from attune_cli.render.output import compact, note, show_fields, show_json, show_line, show_table
from attune_core.dead_letters import DeadReason
from attune_core.ports import rfc3339
from attune_core.values import JsonValue
from attune_core.wire.api import EventView, Page
from attune_core.wire.dead_letters import DroppedView, RetriedView

Done = TypeVar("Done", RetriedView, DroppedView)

app = group("Dead letters: events that no rule was asked about.")

Reason: TypeAlias = Annotated[
    DeadReason | None, typer.Option("--reason", metavar="REASON", help="Only those that are dead for this reason, such as undeclared.")
]
Source: TypeAlias = Annotated[str | None, typer.Option(help="Only those of this source.")]
Trigger: TypeAlias = Annotated[str | None, typer.Option(help="Only those of this trigger.")]
Since: TypeAlias = Annotated[str | None, typer.Option(help="Only those received since then (RFC 3339), or so long ago, such as 24h.")]
Chosen: TypeAlias = Annotated[list[int] | None, typer.Argument(help="Positions; without any, all that the options say.", min=1)]
Every: TypeAlias = Annotated[bool, typer.Option("--all", help="All of them.")]
Note: TypeAlias = Annotated[str, typer.Option("--note", help="Why, for the event that tells of it.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
#: What the controller says of an event that is not there, or no dead letter.
_GONE = ("ATT610", "ATT677")
#: At most so many in one go.
_MOST = 100_000


@app.command("list")
def list_dead_letters(
    reason: Reason = None,
    source: Source = None,
    trigger: Trigger = None,
    since: Since = None,
    limit: Most = 20,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """List dead letters, the newest first, each with its reason.

    Example: attune event dead-letter list --reason data_invalid
    """
    with Client(load_profile(profile)) as client:
        found = list(_found(client, _filter(reason, source, trigger, since), most=limit))
    if json:
        show_json(found)
        return
    rows = [(str(one.position), _reason(one), one.type, one.source, one.received_at[:19], one.reason) for one in found]
    show_table(("position", "reason", "type", "source", "received", "what is wrong"), rows, empty="no dead letters")


@app.command()
def show(
    event: Annotated[str, typer.Argument(help="Its position, or its id.")],
    data: Annotated[bool, typer.Option("--data", help="Show its data too, which may hold what its sender should not have sent.")] = False,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Show one dead letter, without its data unless they are asked for.

    Example: attune event dead-letter show 12 --data
    """
    with Client(load_profile(profile)) as client:
        found = client.get(f"/v1/events/{event}", EventView, {"data": "true"} if data else None)
    if found.dead_reason is None:
        raise BadArgument(f"event {found.position} is no dead letter: it is {found.status}", hint=f"attune event show {found.position}")
    if json:
        show_json(found)
        return
    fields = [
        ("position", str(found.position)),
        ("id", found.id),
        ("source", found.source),
        ("type", found.type),
        ("subject", found.subject),
        ("status", found.status.replace("_", " ")),
        ("reason", f"{_reason(found)}; what it means: attune explain {_reason(found)}"),
        ("what is wrong", found.reason),
        ("revision", found.revision),
        ("received", found.received_at),
        ("data", compact(found.data) if data else "not shown; --data shows them"),
    ]
    show_fields([(name, value) for name, value in fields if value])


@app.command()
def retry(
    events: Chosen = None,
    reason: Reason = None,
    source: Source = None,
    trigger: Trigger = None,
    since: Since = None,
    every: Every = False,
    why: Note = "",
    yes: Yes = False,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Judge dead letters anew under the revision that is live.

    What can be planned gets a new position.

    Example: attune event dead-letter retry --reason undeclared --note "the trigger is merged"
    """
    with Client(load_profile(profile)) as client:
        chosen = _chosen(client, events, _filter(reason, source, trigger, since), every=every)
        _confirm(f"Retry {_counted(len(chosen))}?", events, chosen, yes=yes)
        _each(
            chosen,
            lambda one: client.post("/v1/dead_letters/retry", _request(one, why), RetriedView),
            _retried,
            named=bool(events),
            json=json,
        )


@app.command()
def drop(
    events: Chosen = None,
    reason: Reason = None,
    source: Source = None,
    trigger: Trigger = None,
    since: Since = None,
    every: Every = False,
    why: Note = "",
    yes: Yes = False,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Let the data of dead letters go for good.

    That they came, and who dropped them, stays known.

    Example: attune event dead-letter drop 12 --note "sent by mistake"
    """
    with Client(load_profile(profile)) as client:
        chosen = _chosen(client, events, _filter(reason, source, trigger, since), every=every)
        _confirm(f"Drop {_counted(len(chosen))} for good?", None, chosen, yes=yes)
        _each(
            chosen,
            lambda one: client.post("/v1/dead_letters/drop", _request(one, why), DroppedView),
            _dropped,
            named=bool(events),
            json=json,
        )


def _filter(reason: DeadReason | None, source: str | None, trigger: str | None, since: str | None) -> dict[str, str | int | None]:
    moment = None if since is None else rfc3339(moment_of(since))
    return {"dead_reason": reason.value if reason else None, "source": source, "type": trigger, "since": moment}


def _found(client: Client, narrowed: dict[str, str | int | None], *, most: int) -> Iterator[EventView]:
    return client.pages("/v1/events", Page[EventView], {"status": "dead_letter", **narrowed}, most=most)


def _chosen(client: Client, events: Sequence[int] | None, narrowed: dict[str, str | int | None], *, every: bool) -> list[int]:
    """Return the positions that are meant, the oldest first, so that what is retried keeps its order."""
    narrow = any(value is not None for value in narrowed.values())
    if events and (narrow or every):
        raise BadArgument(
            "positions and a filter exclude each other", hint="name positions, or give --reason, --source, --trigger, --since"
        )
    if events:
        return sorted(set(events))
    if not (narrow or every):
        raise BadArgument("nothing says which dead letters are meant", hint="name positions, or give --reason, --source, --since or --all")
    return sorted(event.position for event in _found(client, narrowed, most=_MOST))


def _confirm(question: str, named: Sequence[int] | None, chosen: Sequence[int], *, yes: bool) -> None:
    """Ask, unless they were named one by one, or there is nothing to do."""
    if yes or named or not chosen:
        return
    if not sys.stdin.isatty() or not typer.confirm(question, err=True):
        raise NotConfirmed("the dead letters are as they were")


def _request(position: int, why: str) -> JsonValue:
    return {"position": position, "note": why}


def _reason(event: EventView) -> str:
    return event.dead_reason.value if event.dead_reason else ""


def _counted(number: int) -> str:
    return f"{number} dead letter{'' if number == 1 else 's'}"


def _each(chosen: Sequence[int], ask: Callable[[int], Done], told: Callable[[Done], str], *, named: bool, json: bool) -> None:
    """Ask for each and say at once what became of it: whatever ends the command, that stays done."""
    done: list[Done] = []
    for position in chosen:
        with _gone_meanwhile(position, named=named):
            one = ask(position)
            done.append(one)
            if not json:
                show_line(told(one))
    if json:
        show_json(list(done))
    elif not done:
        note("no dead letters are meant")


@contextmanager
def _gone_meanwhile(position: int, *, named: bool) -> Iterator[None]:
    """Go on with the others when one that was listed is no dead letter any more: somebody else was there."""
    try:
        yield
    except RequestFailed as error:
        if named or error.code not in _GONE:
            raise
        note(f"event {position} is left out: {error.message}")


def _retried(one: RetriedView) -> str:
    if one.dead_letter:
        return f"event {one.was} is still a dead letter: {one.dead_letter}"
    return f"event {one.was} is event {one.position} now; see: attune explain event {one.position}"


def _dropped(one: DroppedView) -> str:
    return f"event {one.position} is dropped"
