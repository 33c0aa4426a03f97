"""One action of a working copy on this machine, without any server: an executor of its own, then the agent's code; for pack authors.

Called by `attune action run --local`. Everything happens below temporary directories, which are gone afterwards.
"""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from attune_agent.executor.log_files import read_window
from attune_agent.host_settings import HostSettings, Network
from attune_agent.layout import Layout
from attune_agent.local_run import run_locally
from attune_cli.errors import BadArgument
from attune_cli.local.environment_builds import last_lines
from attune_cli.local.executor import executor_for
from attune_cli.local.system import host_path, memory_directory, network_settings
from attune_cli.pack_repository import repository_root
from attune_cli.render.execution import code_of
from attune_cli.render.log_lines import write_log
from attune_cli.render.output import compact, note, show_fields, show_json
from attune_cli.render.progress import waiting
from attune_controller.policies import policy_of
from attune_core.catalog.catalog import Action, Catalog
from attune_core.catalog.folder_tree import working_tree
from attune_core.catalog.load import load
from attune_core.ids import uuid7
from attune_core.ports import SystemClock, SystemRandom
from attune_core.rules.filling import complete_input
from attune_core.rules.requests import Request
from attune_core.states import Outcome, Reason
from attune_core.values import JsonObject
from attune_core.wire.agent_frames import Report
from attune_core.wire.assignment import Assign, QueueName

#: Bytes of a stream that are shown afterwards.
SHOWN = 1 << 20


def run_here(repository: Path, action: str, given: JsonObject, secrets: Mapping[str, str], folder: Path | None, *, json: bool) -> int:
    """Run one action and show its logs and outcome; 0 only when it succeeded, 1 for findings in the repository."""
    loaded = load(working_tree(repository_root(repository)))
    if loaded.catalog is None:
        for problem in loaded.problems:
            note(f"{problem.place()}: {problem.severity.value} {problem.code}: {problem.message}")
        note("what to do: attune validate shows each with its line and remedy")
        return 1
    request = Request(action=action, input=given, secrets=dict(secrets))
    found = request.action_in(loaded.catalog)
    request.check_secrets(found)
    if secrets and folder is None:
        raise BadArgument("the action takes secrets: name the folder with their 0600 files by --secrets")
    assign = _assign(loaded.catalog, found, complete_input(found, given), secrets)
    root = Path(tempfile.mkdtemp(prefix="attune-run-"))
    memory = Path(tempfile.mkdtemp(prefix="attune-run-", dir=memory_directory()))
    for place in (root, memory):
        place.chmod(0o711)  # attempts may have uids of their own and must reach their packs
    try:
        return _run(Layout(state=root / "state", run=memory / "run"), root, assign, loaded.catalog, folder, json=json)
    finally:
        for place in (root, memory):
            shutil.rmtree(place, ignore_errors=True)


def _assign(catalog: Catalog, action: Action, complete: JsonObject, secrets: Mapping[str, str]) -> Assign:
    return Assign(
        execution=uuid7(SystemClock(), SystemRandom()),
        number=1,
        queue=QueueName(place="here", action=action.ref, key="null"),
        epoch=0,
        sequence=1,
        after=0,
        action=action.ref,
        pack=action.pack,
        digest=catalog.packs[action.pack].digest,
        revision="working copy",
        input=complete,
        secrets=dict(secrets),
        policy=policy_of(action),
    )


def _run(layout: Layout, root: Path, assign: Assign, catalog: Catalog, folder: Path | None, *, json: bool) -> int:
    settings = HostSettings(
        slots=1,
        path=host_path(),
        secrets=str(folder.resolve()) if folder else None,
        network=Network(ca_file=network_settings().get("ca_file")),
    )
    layout.prepare()
    with executor_for(layout, root), waiting(f"{assign.action}: is being made ready", json=json) as go_on:
        archive = catalog.packs[assign.pack].archive()
        report = asyncio.run(run_locally(layout, settings, assign, archive, say=partial(_say, assign.action, go_on)))
    _show(layout, assign, report, json=json)
    return 0 if report.outcome is Outcome.SUCCEEDED else 1


def _say(action: str, go_on: Callable[[str], None], report: Report) -> None:
    go_on(f"{action}: {report.state.value}")
    note(f"{report.state.value}{f': {report.detail}' if report.detail else ''}")


def _show(layout: Layout, assign: Assign, report: Report, *, json: bool) -> None:
    for stream, out in (("stdout", sys.stdout if not json else sys.stderr), ("stderr", sys.stderr)):
        for place in sorted(layout.logs.rglob(f"{assign.execution}/{report.attempt}")):
            window = read_window(place, stream, 0, SHOWN)
            write_log(window.data, out)
    if report.reason is Reason.ENVIRONMENT_FAILED:
        for line in last_lines(layout, assign.execution):
            note(f"  {line}")
    if json:
        show_json(report.model_dump(mode="json"))
        return
    fields = [
        ("outcome", report.outcome.value if report.outcome else ""),
        ("reason", report.reason.value if report.reason else ""),
        ("detail", report.detail),
        ("read on", f"attune explain {code}" if (code := code_of(report.detail)) else ""),
        ("exit code", "" if report.exit_code is None else str(report.exit_code)),
        ("result", "" if report.result is None else compact(report.result)),
    ]
    show_fields([(name, value) for name, value in fields if value])
