"""An execution for people: how it stands, and its fields; used by the commands that show executions."""

import re

from attune_cli.render.output import compact
from attune_core.states import Reason, State
from attune_core.wire.api import ExecutionView


def how_it_stands(execution: ExecutionView) -> str:
    """Return the outcome, or the state while there is none."""
    return execution.outcome.value if execution.outcome else execution.state.value


def execution_fields(found: ExecutionView) -> list[tuple[str, str]]:
    """Return what a person wants to know of an execution, empty fields left out."""
    fields = [
        ("number", str(found.number)),
        ("id", found.id),
        ("action", found.action),
        ("rule", found.rule or "(a manual run)"),
        ("event", str(found.event)),
        ("rerun of", str(found.rerun_of or "")),
        ("reruns", ", ".join(map(str, found.reruns))),
        ("agent", found.agent),
        ("order", f"key {found.queue_key}, epoch {found.epoch}, sequence {found.sequence}" if found.sequence else ""),
        ("revision", found.revision),
        ("state", " ".join([found.state.value, *found.conditions])),
        ("waits for", found.waiting_for),
        ("outcome", found.outcome.value if found.outcome else ""),
        ("reason", found.reason.value if found.reason else ""),
        ("detail", found.detail),
        ("read on", "; ".join(_commands(found))),
        ("exit code", "" if found.exit_code is None else str(found.exit_code)),
        ("attempt", str(found.attempt or "")),
        ("accepted", found.accepted_at),
        ("started", found.started_at),
        ("settled", found.settled_at),
        ("input", compact(found.input)),
        ("secrets", ", ".join(f"{name} = secrets.{secret}" for name, secret in found.secrets.items())),
        ("result", "" if found.result is None else compact(found.result)),
    ]
    return [(name, value) for name, value in fields if value]


def code_of(detail: str) -> str:
    """Return the code with which a detail begins, "" when it has none."""
    found = re.match(r"ATT[0-9]{3}(?=:)", detail)
    return found[0] if found else ""


def _commands(found: ExecutionView) -> list[str]:
    """Return what tells more of a wait, or of an end that nobody wished for."""
    if found.state not in (State.STARTED, State.SETTLED):
        return [f"attune explain execution {found.number}"]
    said = [f"attune explain {code}"] if (code := code_of(found.detail)) else []
    if found.reason is Reason.ENVIRONMENT_FAILED:
        said.append(f"attune execution logs {found.number} --stream build")
    elif found.started_at and found.reason is not None:
        said.append(f"attune execution logs {found.number} --stream both")
    return said
