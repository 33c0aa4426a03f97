"""Watching: one execution from wherever it stands to its end, with what it writes, and the exit status that says how it ended.

Called by `attune execution watch`. States go to stderr, what it writes to stdout.
"""

from attune_cli.changes import Connected, Disconnected
from attune_cli.changes import watch as watch_changes
from attune_cli.client import Client
from attune_cli.errors import ControllerUnreachable, RequestFailed
from attune_cli.follow import follow_logs
from attune_cli.log_options import log_printer
from attune_cli.log_reader import LogReader, Part, Source
from attune_cli.render.execution import how_it_stands
from attune_cli.render.log_lines import write_json_line
from attune_cli.render.output import note
from attune_core.states import Outcome, State
from attune_core.wire.api import ExecutionView

#: What the watching ends with; an action that ends so by itself is told apart by the last line.
STATUS = {Outcome.SUCCEEDED: 0, Outcome.TIMED_OUT: 124, Outcome.CANCELLED: 123, Outcome.LOST: 122, Outcome.REJECTED: 121}


def watched(client: Client, name: str, *, json: bool) -> ExecutionView | None:
    """Follow an execution and return it when it is settled; None when somebody ended the watching first."""
    found = client.get(f"/v1/executions/{name}", ExecutionView)
    try:
        found = _until_started(client, found)
        found = _until_settled(client, found, json=json)
    except KeyboardInterrupt:
        note(f"[execution {found.number} goes on: attune execution watch {found.number}]")
        return None
    if json:
        reason = found.reason.value if found.reason else None
        write_json_line({"execution": found.id, "outcome": how_it_stands(found), "reason": reason, "exit_code": found.exit_code})
    else:
        note(f"[execution {found.number}: {_ending(found)}]")
    return found


def exit_status(found: ExecutionView) -> int:
    """Return what a settled execution lets a command end with."""
    if found.outcome is Outcome.FAILED:
        code = found.exit_code or 0
        # A signal's number stands below 0, and no status is above 255.
        return 128 - code if -127 < code < 0 else code if 0 < code < 256 else 1
    return STATUS[found.outcome] if found.outcome else 1


def _until_started(client: Client, found: ExecutionView) -> ExecutionView:
    """Say how it stands until it runs or is over."""
    said = ""
    for change in watch_changes(client, kinds=("execution",), execution=found.id):
        if isinstance(change, Disconnected):
            note(f"[{change.error.message}; trying again in {change.retry_in:g} s]")
            continue
        if isinstance(change, Connected):
            continue
        found = client.get(f"/v1/executions/{found.id}", ExecutionView)
        if (line := _standing(found)) != said:
            said = line
            note(f"[execution {found.number}: {line}]")
        if found.state in (State.STARTED, State.SETTLED):
            break
    return found


def _until_settled(client: Client, found: ExecutionView, *, json: bool) -> ExecutionView:
    """Show what it writes until it is over."""
    settled = found.state is State.SETTLED
    source = Source(client, f"/v1/executions/{found.id}", patient=not settled)
    readers = [LogReader(source, stream, Part()) for stream in ("stdout", "stderr")]
    try:
        return follow_logs(source, readers, log_printer("both", None, raw=False, json=json), attempts=True)
    except (ControllerUnreachable, RequestFailed) as error:
        if not settled:
            raise
        note(f"[what it wrote cannot be read now: {error.message}]")
        return found


def _standing(found: ExecutionView) -> str:
    where = f" on {found.agent}" if found.agent else ""
    why = f", waits for {found.waiting_for}" if found.waiting_for else ""
    return " ".join([how_it_stands(found), *found.conditions]) + where + why


def _ending(found: ExecutionView) -> str:
    why = f" ({found.reason.value})" if found.reason else ""
    return f"{how_it_stands(found)}{why}{'' if found.exit_code is None else f', exit code {found.exit_code}'}"
