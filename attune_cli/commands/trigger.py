"""`attune trigger`: what rules can be on; a document of a trigger from events that were seen.

Reads with attune_cli.observing; attune_core.observed infers and writes.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.commands.options import JsonFlag, group
from attune_cli.errors import BadArgument, EventsUnreadable, OutputUnwritable
from attune_cli.observing import Observed, observe
from attune_cli.pack_repository import repository_root
from attune_cli.render.output import note, show_json, show_table, write_json
from attune_cli.render.progress import progress
from attune_core.names import is_trigger
from attune_core.observed.inferring import Notes, infer
from attune_core.observed.writing import trigger_document
from attune_core.values import JsonObject, JsonValue

#: `version` of the JSON report; additive inside one.
REPORT_VERSION = 1

app = group("Triggers: what rules can be on; a schema from events that were seen.")


@app.command("list")
def list_triggers(
    path: Annotated[Path, typer.Argument(help="The pack repository, or a place in it.")] = Path(),
    json: JsonFlag = False,
) -> None:
    """List what rules can be on.

    That is the triggers of a pack repository, its actions' completions, and what the controller itself tells.

    Example: attune trigger list
    """
    from attune_cli.loading import load_or_show
    from attune_core.internal_events import INTERNAL_EVENTS

    loaded = load_or_show(repository_root(path), json=json)
    if loaded.catalog is None:
        raise typer.Exit(1)
    catalog, rows = loaded.catalog, list[tuple[str, str, str]]()
    for ref, trigger in sorted(catalog.triggers.items()):
        rules = len(catalog.rules_by_trigger.get(ref, ()))
        if ref in INTERNAL_EVENTS:
            about = INTERNAL_EVENTS[ref].description
        elif ref.startswith("core."):  # no file of this repository
            about = f"An execution of `{ref.removesuffix('.completed')}`, which comes with Attune, has ended."
        else:
            about = f"{trigger.path}:{trigger.span.line}"
        rows.append((ref, str(rules or ""), about))
    if json:
        write_json([{"ref": ref, "rules": int(rules or 0), "about": about} for ref, rules, about in rows])
    else:
        show_table(("trigger", "rules", "declared in, or when it comes"), rows, empty="no triggers")


@app.command("infer")
def infer_trigger(
    events: Annotated[
        str,
        typer.Option(
            "--from", metavar="FILE", help="One event a line, as `attune event export` writes them, or only its data; - is stdin."
        ),
    ],
    trigger: Annotated[str | None, typer.Option("--trigger", help="Which trigger's events, when there are several.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="A new file, such as packs/web/triggers/alert.yaml.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Write a trigger's document from events that were seen.

    Comments in it say what the events do not decide.

    Example: attune trigger infer --from events.ndjson --output packs/web/triggers/alert.yaml
    """
    if trigger is not None and not is_trigger(trigger):
        raise BadArgument(f"{trigger!r} is not a trigger's reference, such as web.alert")
    observed = _observe(events, trigger, json=json)
    schema, notes = infer(observed.shape)
    for line in observed.unreadable:
        note(f"line {line.number} is left out: {line.error}")
    if (more := observed.left_out - len(observed.unreadable)) > 0:
        note(f"{more} more lines are left out")
    if output is not None:
        _write_new(output, trigger_document(observed.trigger, observed.events, schema, notes))
        note(f"wrote {output}; read its comments, then: attune validate")
    if json:
        show_json(_report(observed, schema, notes))
    elif output is None:
        sys.stdout.write(trigger_document(observed.trigger, observed.events, schema, notes))


def _observe(name: str, trigger: str | None, *, json: bool) -> Observed:
    if name == "-":
        return observe(sys.stdin.buffer, trigger)
    try:
        with Path(name).open("rb") as stream, progress("events", Path(name).stat().st_size, json=json) as advance:
            return observe(stream, trigger, advance)
    except OSError as error:
        raise EventsUnreadable(f"{name}: {error.strerror}", hint="name a file with one event, or the data of one, a line") from error


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise OutputUnwritable(f"{path} is there already", hint="name a new file; this one may hold what somebody wrote") from error
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror}") from error


def _report(observed: Observed, schema: JsonObject, notes: Notes) -> JsonObject:
    said: list[JsonValue] = [{"place": [*place], "text": text} for place, texts in notes.items() for text in texts]
    return {
        "version": REPORT_VERSION,
        "trigger": observed.trigger,
        "events": observed.events,
        "lines_left_out": observed.left_out,
        "schema": schema,
        "notes": said,
    }
