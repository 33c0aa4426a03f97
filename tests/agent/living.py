"""The real agent program beside a real executor, with a stub for a controller: what it does is judged from outside."""

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from attune_agent.layout import Layout
from attune_core.catalog.archive import Member, digest_of_archive, write_archive
from attune_core.states import Reason
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.assignment import Assign
from attune_core.wire.stream_frames import AssignFrame, Cancel, CancelFrame, ReadLog, ReadLogFrame
from tests.agent.assignments import assignment
from tests.agent.controller_stub import ControllerStub, controller_stub, identity
from tests.agent.executor.hosted import Hosted, lines
from tests.waiting import eventually


@dataclass
class Living:
    """One host: an executor, an agent program, and the controller it calls."""

    executor: Hosted
    stub: ControllerStub
    settings: dict[str, JsonValue] = field(default_factory=dict)
    program: "subprocess.Popen[bytes] | None" = None
    digest: str = ""
    #: More variables of the program, such as those that arm a failpoint.
    variables: dict[str, str] = field(default_factory=dict)
    _last: dict[str, int] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        return Layout(state=self.executor.place, run=self.executor.run)

    @property
    def log(self) -> Path:
        return self.executor.place / "agent.log"

    @property
    def witness(self) -> Path:
        """A file in which every action may write."""
        return self.executor.open / "witness"

    @property
    def pid(self) -> int:
        assert self.program is not None
        return self.program.pid

    def serve_pack(self, actions: Mapping[str, Mapping[str, JsonValue]], scripts: Mapping[str, str]) -> str:
        """Serve a pack with these actions and files beside them."""
        documents: dict[str, object] = {"pack.yaml": {"name": "web", "version": "1.0.0", "description": "for tests"}}
        documents |= {f"actions/{name}.yaml": {"description": "for tests", **document} for name, document in actions.items()}
        members = [Member(path=path, mode=0o644, content=json.dumps(document).encode()) for path, document in documents.items()]
        members += [Member(path=f"actions/{name}", mode=0o755, content=text.encode()) for name, text in scripts.items()]
        archive = write_archive(sorted(members, key=lambda member: member.path))
        self.digest = digest_of_archive(archive)
        self.stub.answers[f"/agent/v1/packs/{self.digest}"] = (200, archive)
        return self.digest

    def serve_script(self, script: str, **keys: JsonValue) -> None:
        """Serve a pack whose one action, web.act, is a shell script; WITNESS in it is the witness file."""
        document: JsonObject = {"run": ["sh", "act.sh"], "timeout": "1m", **keys}
        self.serve_pack({"act": document}, {"act.sh": script.replace("WITNESS", str(self.witness))})

    def put_secret(self, name: str, value: str) -> None:
        path = self.layout.secrets / name
        path.write_text(value + "\n")
        path.chmod(0o600)

    def start(self) -> None:
        """Start the program."""
        config = self.executor.place / "agent.yaml"
        config.write_text(json.dumps({"slots": 3, **self.settings}))
        config.chmod(0o644)
        argv = [sys.executable, "-m", "attune_agent.main", "run", "--config", str(config)]
        argv += ["--state", str(self.layout.state), "--run", str(self.layout.run)]
        with self.log.open("ab") as out:
            environment = {"PATH": os.environ["PATH"], **self.variables}
            self.program = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/", env=environment)

    def kill(self) -> None:
        """End the program as a crash does."""
        assert self.program is not None
        self.program.kill()
        self.program.wait()

    def stop(self) -> int:
        """End it as its supervisor does."""
        assert self.program is not None
        self.program.send_signal(signal.SIGTERM)
        return self.program.wait(timeout=20)

    async def connected(self) -> None:
        """Wait for a stream of this life of the program."""
        count = len(self.stub.streams)
        await eventually(lambda: len(self.stub.streams) > count or self._ended(), what="a session")

    def send(self, execution: str, *, values: Mapping[str, JsonValue] | None = None, **keys: object) -> Assign:
        """Assign the next execution of web.act."""
        last = self._last.get("act", 0)
        action = str(keys.pop("action", "web.act"))
        keys.setdefault("digest", self.digest)
        assign = assignment(execution, last + 1, after=last, action=action, values=values, **keys)  # type: ignore[arg-type]  # the test's words
        self._last["act"] = last + 1
        self.stub.send(AssignFrame(n=0, body=assign))
        return assign

    def send_again(self, assign: Assign) -> None:
        self.stub.send(AssignFrame(n=0, body=assign))

    def cancel(self, execution: str) -> None:
        self.stub.send(CancelFrame(n=0, body=Cancel(execution=execution, reason=Reason.OPERATOR)))

    def moves(self, execution: str) -> list[str]:
        return [str(report["state"]) for report in self.stub.said("report") if report["execution"] == execution]

    async def settled(self, execution: str) -> dict[str, object]:
        """Wait for an outcome; every report of it must say the same."""

        def found() -> list[dict[str, object]]:
            return [one for one in self.stub.said("report") if one["execution"] == execution and one["state"] == "settled"]

        await eventually(lambda: bool(found()) or self._ended(), what=f"the outcome of {execution}")
        assert found(), self.log.read_text()
        assert all(one == found()[0] for one in found())
        return found()[0]

    async def wrote(self, count: int) -> list[str]:
        """Wait until the witness has so many lines."""
        await eventually(lambda: len(lines(self.witness)) >= count, what=f"{count} lines of the witness")
        return lines(self.witness)

    async def read_log(self, execution: str, stream: str = "stdout", *, attempt: int = 0) -> bytes:
        name = f"log-{len(self.stub.said('log_window'))}"
        request = ReadLog(request=name, execution=execution, attempt=attempt, stream=stream, offset=0, limit=1 << 20)  # type: ignore[arg-type]  # one of three
        self.stub.send(ReadLogFrame(n=0, body=request))
        await eventually(lambda: any(one["request"] == name for one in self.stub.said("log_window")))
        (window,) = [one for one in self.stub.said("log_window") if one["request"] == name]
        return base64.b64decode(str(window["content"]))

    def _ended(self) -> bool:
        assert self.program is None or self.program.poll() is None, self.log.read_text()
        return False


@asynccontextmanager
async def living(executor: Hosted, *, settings: dict[str, JsonValue] | None = None) -> AsyncIterator[Living]:
    """Give a host whose agent runs and is connected."""
    async with controller_stub() as stub:
        it = Living(executor, stub, settings=settings or {})
        async with begun(it):
            yield it


@asynccontextmanager
async def begun(it: Living) -> AsyncIterator[None]:
    """Let a host's agent run and connect to its stub."""
    it.layout.prepare()
    identity(it.layout.agent, trusts=it.stub.authority)
    it.layout.key.chmod(0o600)
    it.layout.controller.write_text(json.dumps({"name": "web1", "agent_url": it.stub.url}))
    it.start()
    await it.connected()
    try:
        yield
    finally:
        if it.program is not None and it.program.poll() is None:
            it.kill()
