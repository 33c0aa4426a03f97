"""`attune execution`: list, show, follow the logs, watch to the end, show what came of it, run again, cancel."""

from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, Most, ProfileName, group
from attune_cli.follow import executions_of, follow_logs, read_logs
from attune_cli.log_options import log_part, log_printer, streams_of
from attune_cli.log_reader import LogReader, Source
from attune_cli.profiles import load_profile
from attune_cli.render.execution import execution_fields, how_it_stands
from attune_cli.render.log_lines import write_json_line
from attune_cli.render.output import note, show_fields, show_json, show_line, show_table
from attune_core.states import Outcome, State
from attune_core.wire.api import Accepted, ExecutionView, Page

app = group("Executions: list, show, logs, watch, tree, rerun, cancel.")

ExecutionId = Annotated[str, typer.Argument(help="Its number, or its id.")]


@app.command("list")
def list_executions(
    state: Annotated[str | None, typer.Option(help="A state (queued, started, …) or an outcome (succeeded, failed, …).")] = None,
    action: Annotated[str | None, typer.Option(help="Only of this action.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only on this agent.")] = None,
    event: Annotated[int | None, typer.Option(help="Only of the event at this position.")] = None,
    limit: Most = 20,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """List executions, the newest first.

    Example: attune execution list --state failed
    """
    query = {"state": state, "action": action, "agent": agent, "event": event}
    with Client(load_profile(profile)) as client:
        executions = list(client.pages("/v1/executions", Page[ExecutionView], query, most=limit))
    if json:
        show_json(executions)
        return
    rows = [
        (
            str(item.number),
            item.action,
            item.agent,
            how_it_stands(item),
            ", ".join(filter(None, [item.reason.value if item.reason else "", *item.conditions, item.waiting_for])),
            item.rule,
            str(item.event),
            item.accepted_at[:19],
        )
        for item in executions
    ]
    show_table(("number", "action", "agent", "state", "reason", "rule", "event", "accepted"), rows, empty="no executions")


@app.command()
def show(execution: ExecutionId, json: JsonFlag = False, profile: ProfileName = None) -> None:
    """Show one execution: its input, its place in the order, its result.

    Example: attune execution show 7
    """
    with Client(load_profile(profile)) as client:
        found = client.get(f"/v1/executions/{execution}", ExecutionView)
    if json:
        show_json(found)
    else:
        show_fields(execution_fields(found))


@app.command()
def logs(
    execution: ExecutionId,
    stream: Annotated[str, typer.Option(help="stdout, stderr, build, or both: the lines of stdout and stderr.")] = "stdout",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the execution has ended.")] = False,
    tail: Annotated[int | None, typer.Option("--tail", "-n", min=0, help="Only the last so many lines.")] = None,
    since: Annotated[str | None, typer.Option(help="Only what was written since: 10m, 1h30m, or a time in RFC 3339.")] = None,
    grep: Annotated[str | None, typer.Option(help="Only lines that match this pattern (RE2).")] = None,
    offset: Annotated[int, typer.Option(min=0, help="Only from this byte of the stream on; --json tells offsets.")] = 0,
    attempt: Annotated[int, typer.Option(min=0, help="Which attempt (default: the newest; -f goes on with later ones).")] = 0,
    raw: Annotated[bool, typer.Option("--raw", help="Print the bytes as they are on a terminal, too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each line.")] = False,
    profile: ProfileName = None,
) -> None:
    """Print what an execution wrote.

    With -f it ends when the execution has: with 0 if that succeeded, else with 1. Each stream is in its own order; which line of stderr was
    written before which of stdout is not known.

    Example: attune execution logs 7 --stream stderr -f

    Example: attune execution logs 7 --stream both --since 10m --grep 'ERROR|WARN'
    """
    part = log_part(attempt=attempt, offset=offset, tail=tail, since=since)
    printer = log_printer(stream, grep, raw=raw, json=json)
    with Client(load_profile(profile)) as client:
        source = Source(client, f"/v1/executions/{execution}", patient=follow)
        readers = [LogReader(source, name, part) for name in streams_of(stream)]
        if not follow:
            read_logs(readers, printer)
            return
        found = follow_logs(source, readers, printer, attempts=attempt == 0 and stream != "build")
    if json:
        write_json_line({"execution": found.id, "outcome": how_it_stands(found), "reason": found.reason.value if found.reason else None})
    else:
        note(f"[execution {found.number}: {how_it_stands(found)}{f' ({found.reason.value})' if found.reason else ''}]")
    raise typer.Exit(0 if found.outcome is Outcome.SUCCEEDED else 1)


@app.command()
def watch(execution: ExecutionId, json: JsonFlag = False, profile: ProfileName = None) -> None:
    """Follow an execution and what it writes, and end as it does.

    Ends with 0 if it succeeded, with its own exit code if it failed (1 if it has none), with 124 if it timed out, 123 if it was cancelled,
    122 if it is lost and 121 if it was rejected. Ctrl-C ends the watching (130), not the execution.

    Example: attune execution watch 7
    """
    from attune_cli.watching import exit_status, watched

    with Client(load_profile(profile)) as client:
        found = watched(client, execution, json=json)
    raise typer.Exit(exit_status(found) if found else 130)


@app.command()
def tree(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's position or id, or an execution's id.")],
    execution: Annotated[bool, typer.Option("--execution", "-x", help="The number is that of an execution.")] = False,
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Show what came of an event, and of that.

    These are its executions, the events that their ends are, the executions that rules make of those, and so on.

    Example: attune execution tree 42

    Example: attune execution tree -x 7
    """
    from attune_cli.family import family
    from attune_cli.render.family import show_family

    with Client(load_profile(profile)) as client:
        found = family(client, event, of_execution=execution)
    if json:
        show_json(found)
    else:
        show_family(found)


@app.command()
def rerun(execution: ExecutionId, json: JsonFlag = False, profile: ProfileName = None) -> None:
    """Run an execution once more, as a new one.

    It has the same action, input, names of secrets and labels, and goes by the revision that is active now: it is refused if that has no
    such action or takes no such input.

    Example: attune execution rerun 7
    """
    with Client(load_profile(profile)) as client:
        accepted = client.post(f"/v1/executions/{execution}/rerun", {}, Accepted)
        ids = executions_of(client, accepted.position)
        made = [client.get(f"/v1/executions/{one}", ExecutionView) for one in ids]
    if json:
        show_json({"event": accepted.position, "executions": [*ids]})
        return
    for one in made:
        show_line(f"execution {one.number} is a rerun of {one.rerun_of}; watch it: attune execution watch {one.number}")
    if not made:
        raise typer.Exit(1)


@app.command()
def cancel(execution: ExecutionId, json: JsonFlag = False, profile: ProfileName = None) -> None:
    """Cancel an execution, with all its processes if it has started.

    What has not been handed over to an agent is settled at once.

    Example: attune execution cancel 7
    """
    with Client(load_profile(profile)) as client:
        found = client.post(f"/v1/executions/{execution}/cancel", {}, ExecutionView)
    if json:
        show_json(found)
    elif found.state is State.SETTLED:
        show_line(f"execution {found.number} is {how_it_stands(found)}")
    else:
        show_line(f"execution {found.number} is being cancelled on {found.agent}")
