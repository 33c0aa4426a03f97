"""`attune event`: send one or many, list what came in, see what became of it, send it again."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands import event_dead_letters
from attune_cli.commands.options import JsonFlag, Most, ProfileName, group
from attune_cli.errors import BadArgument, EventsUnreadable, NotConfirmed, TooManyToReplay
from attune_cli.json_argument import read_json
from attune_cli.profiles import load_profile
from attune_cli.recording import moment_of, name_of, recorded_at, recorded_by_controller, recorded_until_now
from attune_cli.render.output import compact, show_fields, show_json, show_line, show_table
from attune_cli.render.progress import progress
from attune_cli.replaying import Chosen, identity_of, imported, is_meant, replayed
from attune_cli.sending import Outgoing, Sent, became, send_many
from attune_cli.written import written
from attune_core.ports import rfc3339
from attune_core.rules.recorded import UnreadableLine, read_lines, write_event
from attune_core.safe_text import safe_json
from attune_core.values import JsonValue
from attune_core.wire.api import Accepted, EventView, Page

app = group("Send events and see what became of them.")
app.add_typer(event_dead_letters.app, name="dead-letter")

Since = Annotated[str | None, typer.Option(help="Only events received since then (RFC 3339), or so long ago, such as 24h.")]
Source = Annotated[str | None, typer.Option(help="Only events of this source.")]


@app.command()
def send(
    trigger: Annotated[str, typer.Argument(help="The trigger, such as web.alert.")],
    data: Annotated[str, typer.Option("--data", help="The event's data as JSON; @FILE reads a file, - reads standard input.")] = "{}",
    subject: Annotated[str, typer.Option(help="What the event is about.")] = "",
    source: Annotated[str, typer.Option(help="Where it comes from; source and id identify an event.")] = "attune:cli",
    event_id: Annotated[str, typer.Option("--id", help="Sending the same id again does nothing twice (default: a new one).")] = "",
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Send one event.

    Example: attune event send web.alert --data '{"unit": "nginx", "severity": "high"}'
    """
    event: JsonValue = {
        "specversion": "1.0",
        "id": event_id or str(uuid.uuid4()),
        "source": source,
        "type": trigger,
        "time": datetime.now(UTC).isoformat(),
        "data": read_json(data),
    } | ({"subject": subject} if subject else {})
    with Client(load_profile(profile)) as client:
        accepted = client.post("/events", event, Accepted, content_type="application/cloudevents+json")
    if json:
        show_json(accepted)
    else:
        show_line(became(accepted))


@app.command("list")
def list_events(
    status: Annotated[str | None, typer.Option(help="accepted, planned, dead_letter or dropped.")] = None,
    source: Source = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only events of this trigger.")] = None,
    since: Since = None,
    search: Annotated[
        str | None, typer.Option(help="A text in the id, source, type, subject or data (as JSON); capitals are as good.")
    ] = None,
    limit: Most = 20,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """List events, the newest first.

    Dead letters come with their reason.

    Example: attune event list --since 24h --type web.alert --search web_a
    """
    moment = None if since is None else rfc3339(moment_of(since))
    narrowed = {"status": status, "source": source, "type": kind, "since": moment, "search": search}
    with Client(load_profile(profile)) as client:
        events = list(client.pages("/v1/events", Page[EventView], narrowed, most=limit))
    if json:
        show_json(events)
        return
    rows = [
        (
            str(event.position),
            event.type,
            event.source,
            event.status,
            str(len(event.executions) or ""),
            event.received_at[:19],
            event.reason,
        )
        for event in events
    ]
    show_table(("position", "type", "source", "status", "executions", "received", "reason"), rows, empty="no events")


@app.command("import")
def import_events(
    file: Annotated[Path, typer.Argument(help="One CloudEvents document a line; - reads standard input.")],
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Send the events of a file that was exported.

    What was taken before is not taken twice, so an import that was interrupted is simply done again. Sources that only a controller writes
    get `import:` before them; events that only a controller makes are left out.

    Example: attune event import events.ndjson
    """
    sent, left_out = Sent(), [0]
    with Client(load_profile(profile)) as client, progress("events", json=json) as advance:
        send_many(client, _in_file(file, sent, left_out), sent, advance)
    _show_sent(sent, left_out[0], json=json)


@app.command()
def replay(
    events: Annotated[list[str] | None, typer.Argument(help="Positions; without any, all that the options say.")] = None,
    since: Since = None,
    until: Annotated[str | None, typer.Option(help="Only events received before this time (RFC 3339, or how long ago).")] = None,
    trigger: Annotated[str | None, typer.Option(help="Only events of this trigger.")] = None,
    source: Source = None,
    name: Annotated[str, typer.Option("--id", help="Name of this replay; the same name again sends nothing twice (default: new).")] = "",
    limit: Most = 1000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Send recorded events again, as new ones that rules act on.

    Each gets the source `replay:SOURCE` and the id `NAME:POSITION`, by which it leads back to the event that it repeats.

    Example: attune event replay --since 2h --trigger web.alert --dry-run
    """
    if not (events or since or trigger or source):
        raise BadArgument("nothing says which events are meant", hint="name positions, or give --since, --trigger or --source")
    if events and since:
        raise BadArgument("positions and --since exclude each other")
    name = name or str(uuid.uuid4())
    positions = [_position(one) for one in events or ()]
    with Client(load_profile(profile)) as client:
        recorded = recorded_at(client, positions) if positions else recorded_until_now(client, since, trigger)
        moment = None if until is None else moment_of(until)
        chosen = Chosen()
        for event in recorded:
            if is_meant(event, source=source, trigger=trigger, until=moment):
                chosen.add(event)
            if len(chosen.events) > limit:
                raise TooManyToReplay(f"more than {limit} events are meant")
        if dry_run:
            _show_dry(chosen, name, json=json)
            return
        if chosen.events and not yes:
            _confirm(f"Send {len(chosen.events)} events again?")
        now, sent = datetime.now(UTC).timestamp(), Sent()
        outgoing = (Outgoing(place=f"event {event.position}", event=replayed(event, name, now)) for event in chosen.events)
        with progress("events", len(chosen.events), json=json) as advance:
            send_many(client, outgoing, sent, advance)
    _show_sent(sent, chosen.left_out, json=json, name=name)


@app.command()
def export(
    since: Annotated[str | None, typer.Option(help="A time (RFC 3339), or how long ago, such as 24h (default: all that is kept).")] = None,
    trigger: Annotated[str | None, typer.Option(help="Only events of this trigger.")] = None,
    output: Annotated[Path | None, typer.Option(help="Write to this file, which only you can read (default: standard output).")] = None,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Write recorded events, as `attune plan --events` reads them.

    One CloudEvents document a line, the oldest first, dead letters too.

    Example: attune event export --since 24h --output events.ndjson
    """
    with Client(load_profile(profile)) as client, progress("events", json=json) as advance:
        count = 0
        with written(output) as stream:
            for event in recorded_by_controller(client, since, trigger):
                line = write_event(event)
                stream.write((line if output else safe_json(line)).encode() + b"\n")
                advance(1)
                count += 1
    if output is not None:
        summary: JsonValue = {"events": count, "output": str(output)}
        if json:
            show_json(summary)
        else:
            show_line(f"{count} event{'' if count == 1 else 's'} written to {output}")


@app.command()
def show(
    event: Annotated[str, typer.Argument(help="Its position, or its id.")],
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Show one event with its data and its executions.

    Example: attune event show 12
    """
    with Client(load_profile(profile)) as client:
        found = client.get(f"/v1/events/{event}", EventView)
    if json:
        show_json(found)
        return
    fields = [
        ("position", str(found.position)),
        ("id", found.id),
        ("source", found.source),
        ("type", found.type),
        ("subject", found.subject),
        ("status", found.status),
        ("reason", found.reason),
        ("revision", found.revision),
        ("received", found.received_at),
        ("executions", "\n".join(found.executions) or f"none; see why: attune explain event {found.position}"),
        ("data", compact(found.data)),
    ]
    show_fields([(name, value) for name, value in fields if value])


def _in_file(file: Path, sent: Sent, left_out: list[int]) -> Iterator[Outgoing]:
    """Yield the events of a file, or of standard input; a line that is no JSON is refused here."""
    try:
        with nullcontext(sys.stdin.buffer) if str(file) == "-" else file.open("rb") as stream:
            for line in read_lines(stream):
                place = f"{name_of(file)}:{line.number}"
                if isinstance(line, UnreadableLine):
                    sent.refuse(place, line.error)
                elif (event := imported(line.value)) is None:
                    left_out[0] += 1
                else:
                    yield Outgoing(place=place, event=event)
    except OSError as error:
        raise EventsUnreadable(f"{file}: {error.strerror}", hint="name a file that `attune event export` wrote") from error


def _position(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 19):
        raise BadArgument(f"{text[:64]!r} is no position of an event", hint="see the first column of: attune event list")
    return int(text)


def _confirm(question: str) -> None:
    if not sys.stdin.isatty() or not typer.confirm(question, err=True):
        raise NotConfirmed("nothing was sent")


def _show_dry(chosen: Chosen, name: str, *, json: bool) -> None:
    rows = [(str(one.position), one.type, one.source, rfc3339(one.received_at)[:19], *identity_of(one, name)) for one in chosen.events]
    if json:
        names = ("position", "type", "source", "received_at", "new_source", "new_id")
        show_json({"events": [dict(zip(names, row, strict=True)) for row in rows], "left_out": chosen.left_out})
        return
    show_table(("position", "type", "source", "received", "new source", "new id"), rows, empty="no event is meant")
    if chosen.left_out:
        show_line(f"{chosen.left_out} left out: only the controller itself makes such events")


def _show_sent(sent: Sent, left_out: int, *, json: bool, name: str = "") -> None:
    """Say what became of everything; 1 when something was refused."""
    if json:
        show_json(sent.document() | {"left_out": left_out} | ({"id": name} if name else {}))
    else:
        dead = "dead letter" if sent.dead_letters == 1 else "dead letters"
        counts = (
            (sent.duplicates, "there already"),
            (sent.dead_letters, dead),
            (sent.refused, "refused"),
            (left_out, "left out"),
        )
        show_line(", ".join([f"{sent.accepted} accepted", *(f"{count} {word}" for count, word in counts if count)]))
        for place, why in sent.refusals:
            show_line(f"{place}: {why}")
        if name and sent.accepted:
            show_line(f"what became of them: attune event list --search {name}:")
    if sent.refused:
        raise typer.Exit(1)
