"""One sensor of a working copy on this machine, without any server: an executor of its own, then the agent's code; for pack authors.

Called by `attune sensor run --local`. Each line is shown as it comes, judged as agent and controller would judge it; nothing is sent.
Everything happens below temporary directories, which are gone afterwards.
"""

import asyncio
import json as json_text
import shutil
import sys
import tempfile
from pathlib import Path

from attune_agent.host_settings import HostSettings, Network
from attune_agent.layout import Layout
from attune_agent.local_sensor import run_sensor_locally
from attune_agent.sensors.line_meaning import BadLine, EventLine, HeartbeatLine, Meaning, StateLine
from attune_cli.errors import BadArgument
from attune_cli.local.executor import executor_for
from attune_cli.local.system import host_path, memory_directory, network_settings
from attune_cli.pack_repository import repository_root
from attune_cli.render.output import note, show_line
from attune_controller.sensing import assignment_of
from attune_core.catalog.catalog import Catalog, Sensor
from attune_core.catalog.folder_tree import working_tree
from attune_core.catalog.load import load
from attune_core.expressions.suggestion import suggestion
from attune_core.rules.delivering import undeliverable
from attune_core.safe_text import safe_json, safe_text
from attune_core.values import JsonObject


def run_here(repository: Path, ref: str, folder: Path | None, *, json: bool) -> int:
    """Run one sensor until it ends, or Ctrl-C; 0 only when nothing was wrong, 1 also for findings in the repository."""
    loaded = load(working_tree(repository_root(repository)))
    if loaded.catalog is None:
        for problem in loaded.problems:
            note(f"{problem.place()}: {problem.severity.value} {problem.code}: {problem.message}")
        note("what to do: attune validate shows each with its line and remedy")
        return 1
    catalog = loaded.catalog
    if ref not in catalog.sensors:
        raise BadArgument(f"the repository has no sensor {ref!r}", hint=suggestion(ref, catalog.sensors))
    sensor = catalog.sensors[ref]
    if sensor.secrets and folder is None:
        raise BadArgument("the sensor takes secrets: name the folder with their 0600 files by --secrets")
    root = Path(tempfile.mkdtemp(prefix="attune-run-"))
    memory = Path(tempfile.mkdtemp(prefix="attune-run-", dir=memory_directory()))
    for place in (root, memory):
        place.chmod(0o711)  # the sensor may have a uid of its own and must reach its pack
    try:
        return _run(Layout(state=root / "state", run=memory / "run"), root, catalog, sensor, folder, json=json)
    finally:
        for place in (root, memory):
            shutil.rmtree(place, ignore_errors=True)


def _run(layout: Layout, root: Path, catalog: Catalog, sensor: Sensor, folder: Path | None, *, json: bool) -> int:
    settings = HostSettings(
        slots=1,
        path=host_path(),
        secrets=str(folder.resolve()) if folder else None,
        network=Network(ca_file=network_settings().get("ca_file")),
    )
    layout.prepare()
    shown = _Shown(catalog, sensor, json=json)
    with executor_for(layout, root, sensors=1):
        archive = catalog.packs[sensor.pack].archive()
        running = run_sensor_locally(layout, settings, assignment_of(catalog, sensor), archive, hear=shown.hear, log=_log)
        try:
            wrong = asyncio.run(running)
        except KeyboardInterrupt:
            wrong = ""
    if wrong:
        note(wrong)
    note(f"{shown.events} event(s), {shown.wrong} wrong line(s)")
    return 1 if wrong or shown.wrong else 0


class _Shown:
    """Lines as they come, and what was wrong with them."""

    def __init__(self, catalog: Catalog, sensor: Sensor, *, json: bool) -> None:
        self._catalog, self._sensor, self._json = catalog, sensor, json
        self.events = self.wrong = 0

    def hear(self, line_id: str, meaning: Meaning) -> None:
        """Show one line."""
        match meaning:
            case EventLine():
                self._event(line_id, meaning)
            case HeartbeatLine():
                self._say({"heartbeat": True}, "heartbeat")
            case StateLine():
                self._say({"state": json_text.loads(meaning.state)}, f"state {meaning.state}")
            case BadLine():
                self.wrong += 1
                self._say({"wrong": meaning.reason}, f"wrong: {meaning.reason}")

    def _event(self, line_id: str, event: EventLine) -> None:
        wrong = ""
        if event.trigger not in self._sensor.document.emits:
            wrong = f"the sensor {self._sensor.ref} does not declare that it emits {event.trigger}"
        elif (dead := undeliverable(event.trigger, event.data, self._catalog)) is not None:
            wrong = dead.detail
        self.events += not wrong
        self.wrong += bool(wrong)
        shown: JsonObject = {"id": event.id or line_id, "trigger": event.trigger, "subject": event.subject, "data": event.data}
        data = json_text.dumps(event.data, ensure_ascii=False)
        text = f"event {event.trigger} {event.id or line_id} {data}"
        self._say(shown | ({"wrong": wrong} if wrong else {}), f"wrong: {wrong}: {text}" if wrong else text)

    def _say(self, line: JsonObject, text: str) -> None:
        if self._json:
            sys.stdout.write(safe_json(json_text.dumps(line, ensure_ascii=True)) + "\n")
            sys.stdout.flush()
        else:
            show_line(text)


def _log(content: bytes) -> None:
    """Show what the sensor wrote to stderr, beside its lines."""
    sys.stderr.write(safe_text(content.decode(errors="replace"), keep_newlines=True))
    sys.stderr.flush()
