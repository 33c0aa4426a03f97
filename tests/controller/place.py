"""A state directory with a repository, and real controller programs on them."""

import json
from pathlib import Path

from attune_cli.authority import local_access
from attune_cli.client import Client
from attune_cli.local.program import Program, module
from attune_core.values import JsonValue
from attune_core.wire.api import Accepted, StatusView
from tests.controller.pushes import Pushes


class Place:
    """A state directory, a repository, and the programs that a test started on them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder, folder / "state"
        self.pushes = Pushes(folder / "origin")
        self.programs: list[Program] = []
        #: Beside what every program gets.
        self.environment: dict[str, str] = {}

    def start(self, **settings: str) -> Program:
        """Start a controller and wait until it is ready or ended."""
        document = {
            "state": str(self.state),
            "repository": {"url": str(self.pushes.bare), "poll": "200ms", "allow_local": True},
            "public": {"listen": settings.get("public", "127.0.0.1:0")},
            "agents": {"listen": "127.0.0.1:0"},
        }
        path = self.folder / f"settings{len(self.programs)}.json"
        path.write_text(json.dumps(document))
        log = self.folder / f"log{len(self.programs)}"
        program = Program("controller", [*module("attune_cli.main"), "controller", "run", "--settings", str(path)], log, self.environment)
        self.programs.append(program)
        return program

    def listening(self, program: Program) -> dict[str, str]:
        """Wait until it listens and return where."""
        place = self.state / "listening.json"
        program.wait_until(place.exists)
        return {name: str(value) for name, value in json.loads(place.read_text()).items()}

    def ready(self, program: Program) -> Client:
        """Wait until it listens and return a connection as admin."""
        self.listening(program)
        return Client(local_access(self.state))


def observed(client: Client, commit: str) -> bool:
    return client.get("/v1/status", StatusView).sync.observed_revision == commit


def send(client: Client, name: str) -> Accepted:
    event: JsonValue = {"specversion": "1.0", "id": name, "source": "test:it", "type": "web.alert", "data": {"unit": name}}
    return client.post("/events", event, Accepted, content_type="application/cloudevents+json")
