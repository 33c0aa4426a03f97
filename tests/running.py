"""A running system for tests: a pushed repository, a live controller and one joined agent, all of them real programs."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from attune_cli.client import Client
from attune_cli.local.origin import Origin
from attune_cli.local.system import LocalAgent, LocalSystem, network_settings
from attune_core.states import State
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.api import Accepted, EventView, ExecutionView, LogView, StatusView
from tests.waiting import wait_until


@dataclass(frozen=True)
class Running:
    """What a test holds in its hands."""

    system: LocalSystem
    origin: Origin
    client: Client

    @property
    def agent(self) -> LocalAgent:
        """The first agent."""
        return next(iter(self.system.agents.values()))

    def push(self, files: Mapping[str, str]) -> StatusView:
        """Push files and wait until the controller has looked at them."""
        self.origin.write(files)
        return self.system.wait_for_revision(self.origin.push())

    def send(self, trigger: str, data: JsonObject, *, event_id: str) -> Accepted:
        """Send one event through /events."""
        event: JsonValue = {"specversion": "1.0", "id": event_id, "source": "test:it", "type": trigger, "data": data}
        return self.client.post("/events", event, Accepted, content_type="application/cloudevents+json")

    def executions_of(self, position: int) -> list[str]:
        """Wait until an event is planned and return its executions."""
        wait_until(lambda: self.event(position).status != "accepted", what=f"the plan of event {position}")
        return self.event(position).executions

    def event(self, position: int) -> EventView:
        """Return one event."""
        return self.client.get(f"/v1/events/{position}", EventView)

    def execution(self, execution: str) -> ExecutionView:
        """Return one execution."""
        return self.client.get(f"/v1/executions/{execution}", ExecutionView)

    def settled(self, execution: str, *, timeout: float = 60.0) -> ExecutionView:
        """Wait for an execution's end."""
        wait_until(lambda: self.execution(execution).state is State.SETTLED, timeout=timeout, what=f"the end of {execution}")
        return self.execution(execution)

    def run(
        self, action: str, given: JsonObject | None = None, *, secrets: JsonObject | None = None, timeout: float = 60.0
    ) -> ExecutionView:
        """Run one action by hand and wait for its end."""
        return self.settled(self.start(action, given, secrets=secrets), timeout=timeout)

    def start(self, action: str, given: JsonObject | None = None, *, secrets: JsonObject | None = None) -> str:
        """Run one action by hand and return the execution."""
        accepted = self.client.post("/v1/executions", {"action": action, "input": given or {}, "secrets": secrets or {}}, Accepted)
        executions = self.executions_of(accepted.position)
        assert len(executions) == 1, self.event(accepted.position).reason
        return executions[0]

    def log(self, execution: str, stream: str = "stdout", *, offset: int = 0) -> LogView:
        """Return a window of a log."""
        return self.client.get(f"/v1/executions/{execution}/logs", LogView, {"stream": stream, "offset": offset, "limit": 1 << 20})

    def printed(self, execution: str, stream: str = "stdout") -> bytes:
        """Return what an execution wrote to a stream, up to the first gap or 1 MiB."""
        return base64.b64decode(self.log(execution, stream).content)

    def cancel(self, execution: str) -> ExecutionView:
        """Ask for its end."""
        return self.client.post(f"/v1/executions/{execution}/cancel", None, ExecutionView)


def open_for_attempts(place: Path) -> None:
    """Let the uids of attempts pass through the directories that pytest made for root alone."""
    for directory in (place, *place.parents):
        if directory.stat().st_mode & 0o001 or directory == Path("/"):
            return
        directory.chmod(directory.stat().st_mode | 0o011)


def shared_directory(place: Path, name: str) -> Path:
    """Make a directory in which every attempt may write, whatever its uid."""
    open_for_attempts(place)
    found = place / name
    found.mkdir()
    found.chmod(0o777)
    return found


def pack(name: str, documents: Mapping[str, str]) -> dict[str, str]:
    """Return the files of a repository with one pack; `documents` are paths inside it."""
    files = {
        "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
        f"packs/{name}/pack.yaml": f"name: {name}\nversion: 1.0.0\ndescription: For tests\n",
    }
    return files | {f"packs/{name}/{path}": text for path, text in documents.items()}


def action_document(script: str, **keys: JsonValue) -> str:
    """Return an action that runs `sh SCRIPT`; documents may be JSON, which is YAML."""
    return json.dumps({"description": "For tests", "run": ["sh", script], **keys})


@contextmanager
def running_system(
    place: Path,
    files: Mapping[str, str],
    *,
    executable: tuple[str, ...] = (),
    name: str = "one",
    slots: int = 4,
    labels: Mapping[str, str] | None = None,
    network: Mapping[str, str] | None = None,
    limits: JsonObject | None = None,
) -> Iterator[Running]:
    """Push the files, start everything below `place`, and stop it afterwards."""
    open_for_attempts(place)
    origin = Origin(place / "git")
    origin.write(files, executable=executable)
    commit = origin.push()
    reached = network_settings() if network is None else network
    with LocalSystem(root=place / "system", repository=str(origin.bare), network=reached, limits=limits or {}) as system:
        system.start_controller()
        status = system.wait_for_revision(commit)
        assert status.sync.active_revision == commit, status.sync
        system.add_agent(name, labels or {"role": "test"}, slots=slots)
        system.wait_for_agents()
        with system.client() as client:
            yield Running(system, origin, client)
