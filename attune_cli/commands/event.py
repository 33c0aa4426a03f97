"""`attune event`: send one, list what came in, see what became of it."""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, Most, ProfileName, group
from attune_cli.json_argument import read_json
from attune_cli.profiles import load_profile
from attune_cli.recording import recorded_by_controller
from attune_cli.render.output import compact, show_fields, show_json, show_line, show_table
from attune_cli.render.progress import progress
from attune_cli.written import written
from attune_core.rules.recorded import write_event
from attune_core.values import JsonValue
from attune_core.wire.api import Accepted, EventView, Page

app = group("Send events and see what became of them.")


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
        again = " (it was there already)" if accepted.duplicate else ""
        show_line(f"event {accepted.position} accepted{again}; see: attune event show {accepted.position}")


@app.command("list")
def list_events(
    status: Annotated[str | None, typer.Option(help="accepted, planned or dead_letter.")] = None,
    limit: Most = 20,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """List events, the newest first, dead letters with their reason.

    Example: attune event list --status dead_letter
    """
    with Client(load_profile(profile)) as client:
        events = list(client.pages("/v1/events", Page[EventView], {"status": status}, most=limit))
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
    with Client(load_profile(profile)) as client, progress("events") as advance:
        count = 0
        with written(output) as stream:
            for event in recorded_by_controller(client, since, trigger):
                stream.write(write_event(event).encode() + b"\n")
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
