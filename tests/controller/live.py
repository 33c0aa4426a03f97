"""A controller in this process, on real sockets, git, TLS and SQLite, and agents that do exactly what a test tells them."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx2
from pydantic import BaseModel, TypeAdapter

from attune_controller.app import build
from attune_controller.running import Controller
from attune_controller.settings import ControllerSettings
from attune_controller.settings_file import read_settings
from attune_core.pki import make_key, make_signing_request
from attune_core.ports import SystemClock, SystemRandom
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.agent_frames import Ack, Report
from attune_core.wire.api import Accepted, EventView, ExecutionView, StatusView
from attune_core.wire.assignment import Assign, QueueName
from attune_core.wire.enrolment import Enrolled
from attune_core.wire.join_token import read_join_token
from attune_core.wire.session import PROTOCOL_HEADER, SESSION_HEADER, Hello, Welcome
from attune_core.wire.stream_frames import (
    AssignFrame,
    PingFrame,
    StreamFrame,
)
from tests.controller.pushes import Pushes
from tests.waiting import eventually

Frame = StreamFrame
_FRAME: TypeAdapter[Frame] = TypeAdapter(StreamFrame)


@dataclass(kw_only=True)
class Live:
    """A controller that runs, and a client with the first admin token."""

    folder: Path
    pushes: Pushes
    settings: ControllerSettings
    controller: Controller
    running: "asyncio.Task[None]"
    client: httpx2.AsyncClient
    agents_url: str
    closing: AsyncExitStack

    async def status(self) -> StatusView:
        return StatusView.model_validate_json((await self.get("/v1/status")).content)

    async def get(self, path: str) -> httpx2.Response:
        return (await self.client.get(path)).raise_for_status()

    async def post(self, path: str, document: JsonValue, media_type: str = "application/json") -> httpx2.Response:
        return await self.client.post(path, content=json.dumps(document).encode(), headers={"content-type": media_type})

    async def event(self, data: JsonObject, event_id: str, kind: str = "web.alert") -> Accepted:
        """Send an event through /events."""
        document: JsonValue = {"specversion": "1.0", "id": event_id, "source": "test:it", "type": kind, "data": data}
        answer = (await self.post("/events", document, "application/cloudevents+json")).raise_for_status()
        return Accepted.model_validate_json(answer.content)

    async def executions(self, position: int) -> list[ExecutionView]:
        """Wait for the plan of an event and return its executions."""
        found: list[EventView] = []

        async def planned() -> bool:
            found[:] = [EventView.model_validate_json((await self.get(f"/v1/events/{position}")).content)]
            return found[0].status != "accepted"

        await until(planned)
        return [await self.execution(name) for name in found[0].executions]

    async def execution(self, name: str) -> ExecutionView:
        return ExecutionView.model_validate_json((await self.get(f"/v1/executions/{name}")).content)

    async def live_at(self, commit: str) -> None:
        """Wait until a commit was looked at."""

        async def observed() -> bool:
            return (await self.controller.store.sync()).observed_revision == commit

        await until(observed)

    async def enrol(self, name: str, labels: Mapping[str, str] | None = None) -> "ScriptedAgent":
        """Join an agent through the public listener, as a host does."""
        made = await self.post("/v1/join_tokens", {"name": name, "labels": dict(labels or {"role": "web"}), "ttl": 60})
        token = read_join_token(made.raise_for_status().json()["token"])
        key = make_key()
        request: JsonValue = {"token": token.secret, "name": name, "csr": make_signing_request(key, name).decode()}
        enrolled = Enrolled.model_validate_json((await self.post("/v1/enrolments", request)).raise_for_status().content)
        identity = self.folder / f"{name}.pem"
        identity.write_bytes(key + enrolled.certificate.encode())
        context = ssl.create_default_context(cadata=enrolled.authority)
        context.load_cert_chain(identity)
        return ScriptedAgent(name=name, url=enrolled.agent_url, context=context, closing=self.closing)


@dataclass(kw_only=True)
class ScriptedAgent:
    """An agent whose every word a test says; its sessions are its own."""

    name: str
    url: str
    context: ssl.SSLContext
    closing: AsyncExitStack
    instance: str = "instance-1"
    boot: str = "boot-1"
    sensors: bool = True
    held: dict[tuple[str, str], int] = field(default_factory=dict)

    async def hello(
        self, *, previous: str = "", held: Mapping[tuple[str, str], int] | None = None, boot: str | None = None, place: str = ""
    ) -> "Spoken":
        """Say hello and open the stream."""
        spoken = await self.greet(previous=previous, held=held, boot=boot, place=place)
        await spoken.open()
        return spoken

    async def greet(
        self, *, previous: str = "", held: Mapping[tuple[str, str], int] | None = None, boot: str | None = None, place: str = ""
    ) -> "Spoken":
        """Say hello only; `held` is by action and key, in queues of `place` (its own)."""
        queues = [
            {"queue": {"place": place or self.name, "action": action, "key": key}, "epoch": 0, "last": last}
            for (action, key), last in (held or {}).items()
        ]
        hello = Hello.model_validate(
            {
                "instance": self.instance,
                "boot_id": boot or self.boot,
                "version": "0",
                "slots": 4,
                "queues": queues,
                "previous": previous,
                "sensors": self.sensors,
            }
        )
        client = self.client()
        answer = await client.post("/agent/v1/hello", content=hello.model_dump_json().encode())
        if answer.status_code != httpx2.codes.OK:
            raise Refused(answer.status_code, str(answer.json()["code"]))
        return Spoken(agent=self, client=client, welcome=Welcome.model_validate_json(answer.content))

    def client(self) -> httpx2.AsyncClient:
        """Return connections of their own, closed at the end of the test."""
        client = httpx2.AsyncClient(base_url=self.url, verify=self.context, trust_env=False, headers={PROTOCOL_HEADER: "1"}, timeout=60)
        self.closing.push_async_callback(client.aclose)
        return client


class Refused(Exception):
    """The controller answered with a problem."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


class Spoken:
    """One session, as its agent sees it."""

    def __init__(self, *, agent: ScriptedAgent, client: httpx2.AsyncClient, welcome: Welcome) -> None:
        self.agent, self.client, self.welcome = agent, client, welcome
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()
        self.ended = asyncio.Event()
        self.n = 0
        self._reading: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()

    async def open(self) -> Self:
        """Open the stream and read it from now on."""
        self._reading = asyncio.create_task(self._read())
        self.agent.closing.push_async_callback(self.close)
        opened = asyncio.create_task(self._opened.wait())
        await asyncio.wait([opened, self._reading], return_when=asyncio.FIRST_COMPLETED)
        if self._reading.done():
            opened.cancel()
            self._reading.result()
        return self

    async def _read(self) -> None:
        """Read the stream on a connection of its own, in plain HTTP/1.1, so that its end is ours to choose."""
        address = httpx2.URL(self.agent.url)
        reader, writer = await asyncio.open_connection(address.host, address.port, ssl=self.agent.context)
        try:
            head = (f"Host: {address.host}", f"{PROTOCOL_HEADER}: 1", f"{SESSION_HEADER}: {self.welcome.session}", "", "")
            writer.write("\r\n".join(("GET /agent/v1/stream HTTP/1.1", *head)).encode())
            answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            if " 200 " not in answer.partition("\r\n")[0]:
                size = int(answer.partition("content-length: ")[2].partition("\r\n")[0])
                problem = json.loads(await reader.readexactly(size))
                raise Refused(int(problem["status"]), str(problem["code"]))
            self._opened.set()
            rest = b""
            while size := int(await reader.readline(), 16):
                *lines, rest = (rest + (await reader.readexactly(size + 2))[:-2]).split(b"\n")
                for line in lines:
                    self.frames.put_nowait(_FRAME.validate_json(line))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.ended.set()
            writer.transport.abort()

    @property
    def headers(self) -> dict[str, str]:
        return {SESSION_HEADER: self.welcome.session}

    async def close(self) -> None:
        """Close the stream, as a lost connection does."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def next(self, kind: type[BaseModel] = AssignFrame, *, timeout: float = 60) -> Frame:
        """Return the next frame of a kind; pings are passed over."""
        async with asyncio.timeout(timeout):
            while True:
                frame = await self.frames.get()
                if isinstance(frame, kind):
                    return frame
                assert isinstance(frame, PingFrame), frame

    async def assigned(self, count: int = 1) -> list[Assign]:
        """Return the next assignments."""
        found: list[Assign] = []
        for _ in range(count):
            frame = await self.next(AssignFrame)
            assert isinstance(frame, AssignFrame)
            found.append(frame.body)
        return found

    async def quiet(self, seconds: float = 0.3) -> bool:
        """Tell whether nothing but pings comes for a while."""
        try:
            frame = await self.next(BaseModel, timeout=seconds)
        except TimeoutError:
            return True
        return isinstance(frame, PingFrame)

    async def say(self, *bodies: Ack | Report | JsonObject, kind: str = "") -> int:
        """Post frames and return what was stored; raise `Refused`."""
        lines = []
        for body in bodies:
            self.n += 1
            name = kind or ("ack" if isinstance(body, Ack) else "report")
            shown: JsonValue = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
            lines.append(json.dumps({"type": name, "n": self.n, "body": shown}))
        return await self.post("\n".join(lines).encode())

    async def post(self, body: bytes) -> int:
        """Post raw bytes."""
        answer = await self.client.post("/agent/v1/frames", content=body, headers=self.headers)
        if answer.status_code != httpx2.codes.OK:
            raise Refused(answer.status_code, str(answer.json()["code"]))
        return int(answer.json()["n"])

    def ack(self, assign: Assign, last: int | None = None) -> Ack:
        """Say that an assignment is durable."""
        return Ack(queue=assign.queue, epoch=assign.epoch, last=assign.sequence if last is None else last)


def queue(agent: str, action: str, key: str = "null") -> QueueName:
    """Return the name of a queue."""
    return QueueName(place=agent, action=action, key=key)


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Ask every 20 ms until it is so."""
    tick = asyncio.Event()
    async with asyncio.timeout(60):
        while not await true():
            with suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await tick.wait()


@asynccontextmanager
async def live(
    folder: Path, files: Mapping[str, str] | None = None, *, poll: str = "200ms", nudged_by: str = "", **flags: str
) -> AsyncIterator[Live]:
    """Start a controller below `folder`; a second time on the same folder is a restart."""
    pushes = Pushes(folder / "origin") if not (folder / "origin").exists() else _again(folder / "origin")
    commit = pushes.publish(files) if files else ""
    settings = read_settings(
        flags={
            "state": str(folder / "state"),
            "repository.url": str(pushes.bare),
            "repository.allow_local": "true",
            "repository.poll": poll,
            "repository.nudged_by": nudged_by,
            "public.listen": "127.0.0.1:0",
            "agents.listen": "127.0.0.1:0",
            **flags,
        }
    )
    async with AsyncExitStack() as closing:
        controller = await build(settings, SystemClock(), SystemRandom())
        running = asyncio.create_task(controller.run())
        listening = settings.state / "listening.json"
        await eventually(lambda: listening.exists() or running.done(), timeout=60)
        if running.done():
            running.result()
        closing.push_async_callback(_stopped, controller, running)
        found = json.loads(listening.read_text())
        context = ssl.create_default_context(cafile=settings.state / "ca/ca.pem")
        token = (settings.state / "admin-token").read_text().strip()
        client = httpx2.AsyncClient(
            base_url=found["public"], verify=context, trust_env=False, headers={"authorization": f"Bearer {token}"}, timeout=60
        )
        await closing.enter_async_context(client)
        it = Live(
            folder=folder,
            pushes=pushes,
            settings=settings,
            controller=controller,
            running=running,
            client=client,
            agents_url=found["agents"],
            closing=closing,
        )
        if commit:
            await it.live_at(commit)
        yield it


async def _stopped(controller: Controller, running: "asyncio.Task[None]") -> None:
    controller.stop()
    await running


def _again(folder: Path) -> Pushes:
    """Return an Origin over repositories that are there."""
    pushes = Pushes.__new__(Pushes)
    pushes.bare, pushes.clone = folder / "origin.git", folder / "clone"
    return pushes
