"""Sensors on a real host: scripts as sensors, what the stub of a controller was told of them, and the spools on disk."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from attune_core.catalog.archive import Member, digest_of_archive, write_archive
from attune_core.values import JsonObject, JsonValue, digest_of
from attune_core.wire.sensors import SensorAssignment, Sensors, SensorsFrame
from tests.agent.controller_stub import controller_stub
from tests.agent.executor.hosted import Hosted
from tests.agent.living import Living, begun


@dataclass
class Sensing(Living):
    """A host with sensors of the pack web; each is a shell script."""

    def __post_init__(self) -> None:
        self.stub.welcome["sensors"] = []

    def serve_sensors(self, scripts: Mapping[str, str], **documents: JsonObject) -> None:
        """Serve a pack with these; a document's keys are those of its sensor."""
        files: dict[str, bytes] = {"pack.yaml": json.dumps({"name": "web", "version": "1.0.0", "description": "for tests"}).encode()}
        for name, script in scripts.items():
            document = {"description": "for tests", "run": ["sh", f"{name}.sh"], "emits": ["web.tick"], **documents.get(name, {})}
            files[f"sensors/{name}.yaml"] = json.dumps(document).encode()
            files[f"sensors/{name}.sh"] = script.replace("OPEN", str(self.executor.open)).encode()
        archive = write_archive([Member(path=path, mode=0o644, content=content) for path, content in sorted(files.items())])
        self.digest = digest_of_archive(archive)
        self.stub.answers[f"/agent/v1/packs/{self.digest}"] = (200, archive)

    def assignment(self, name: str, **keys: JsonValue) -> SensorAssignment:
        """The assignment of one of them, as the pack has it now."""
        document: JsonObject = {"sensor": f"web.{name}", "pack": "web", "digest": self.digest, "revision": "r1", "mode": "stream", **keys}
        return SensorAssignment.model_validate({**document, "fingerprint": digest_of(document)})

    def assign(self, *assigned: SensorAssignment) -> None:
        """Say which are to run, now and in later sessions."""
        self.stub.welcome["sensors"] = [json.loads(one.model_dump_json()) for one in assigned]
        self.stub.send(SensorsFrame(n=0, body=Sensors(sensors=assigned)))

    def events(self, name: str) -> list[dict[str, object]]:
        """The events of one, each once, in the order of their first coming; what came again was the same."""
        found: dict[object, dict[str, object]] = {}
        for event in self.stub.said("event"):
            if event["sensor"] == f"web.{name}":
                first = found.setdefault(event["id"], event)
                assert {**first, "time": 0} == {**event, "time": 0}
        return list(found.values())

    def counted(self, name: str) -> list[int]:
        """The field `n` of the data of each of its events."""
        return [int(event["data"]["n"]) for event in self.events(name)]  # type: ignore[index]  # JSON

    def status(self, name: str) -> dict[str, object]:
        """The last word on one."""
        for said in reversed(self.stub.said("status")):
            for one in said.get("sensors", ()):  # type: ignore[attr-defined]  # JSON
                if one["sensor"] == f"web.{name}":
                    return dict(one)
        return {"state": "", "errors": 0, "restarts": 0, "last_error": "", "run": ""}

    @property
    def spools(self) -> Path:
        return self.layout.spools

    def spooled(self) -> int:
        """Bytes of all spools."""
        return sum(path.stat().st_size for path in self.spools.rglob("*") if path.is_file())


@asynccontextmanager
async def sensing(executor: Hosted, *, settings: dict[str, JsonValue] | None = None) -> AsyncIterator[Sensing]:
    """Give a host whose agent runs and is connected."""
    async with controller_stub() as stub:
        it = Sensing(executor, stub, settings=settings or {})
        async with begun(it):
            yield it


def event(n: str, trigger: str = "web.tick") -> str:
    """The shell's words for printing an event; `n` is a number or a variable."""
    return f'echo "{{\\"trigger\\":\\"{trigger}\\",\\"data\\":{{\\"n\\":{n}}}}}"'
