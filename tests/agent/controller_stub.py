"""A controller for tests of the agent's side of the wire: real sockets, real TLS 1.3 with client certificates, HTTP/1.1 by hand.

By hand, because the faults that matter (silence, cuts in the middle, nonsense) are what a good server does not do.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from pydantic import BaseModel

from attune_core.values import JsonObject
from attune_core.wire.stream_frames import PingFrame


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def frames(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.body.splitlines()]


@dataclass
class ControllerStub:
    """What the controller does is what the test sets."""

    authority: trustme.CA
    asked: list[Asked] = field(default_factory=list)
    #: Frames of all POSTs by session, in order.
    frames: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    hellos: list[dict[str, object]] = field(default_factory=list)
    ping_interval: float = 10.0
    #: What else the welcome says.
    welcome: JsonObject = field(default_factory=dict)
    #: Answers to requests that are not the wire's own, by path.
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    #: What answers an enrolment.
    enrols: Callable[[Asked], tuple[int, bytes]] | None = None
    #: POSTs are read and not answered while this is clear.
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    streams: list[asyncio.Queue[bytes | None]] = field(default_factory=list)
    port: int = 0
    connections: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _serving: set["asyncio.Task[None]"] = field(default_factory=set)
    _n: int = 0

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def send(self, frame: BaseModel) -> None:
        """Put a frame on the newest stream, numbered."""
        self._n += 1
        self.streams[-1].put_nowait(frame.model_copy(update={"n": self._n}).model_dump_json().encode() + b"\n")

    def send_raw(self, raw: bytes) -> None:
        self.streams[-1].put_nowait(raw)

    def ping(self) -> None:
        self.send(PingFrame(n=0))

    def end_stream(self) -> None:
        self.streams[-1].put_nowait(None)

    def cut(self) -> None:
        """Break every connection without a word."""
        for writer in list(self._open):
            writer.transport.abort()

    def said(self, kind: str, session: str | None = None) -> list[dict[str, object]]:
        """Return the bodies of one type of frame, of one session or all."""
        sessions = [session] if session else list(self.frames)
        return [dict(frame["body"]) for one in sessions for frame in self.frames.get(one, []) if frame["type"] == kind]  # type: ignore[call-overload]  # JSON

    async def stop(self) -> None:
        """Break every connection and wait until nothing serves any more."""
        self.cut()
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self.serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            while (asked := await _read(reader)) is not None:
                self.asked.append(asked)
                await self._answer(asked, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.path in self.answers:
            await _reply(writer, *self.answers[asked.path])
        elif asked.path == "/v1/enrolments" and self.enrols is not None:
            await _reply(writer, *self.enrols(asked))
        elif asked.path == "/agent/v1/hello":
            self.hellos.append(json.loads(asked.body))
            self._n = 0
            welcome = {"name": "web1", "session": f"session-{len(self.hellos)}", "ping_interval": self.ping_interval, **self.welcome}
            await _reply(writer, 200, json.dumps(welcome).encode())
        elif asked.path == "/agent/v1/frames":
            frames = asked.frames()
            await self.answering.wait()
            self.frames.setdefault(asked.headers["attune-session"], []).extend(frames)
            await _reply(writer, 200, json.dumps({"n": frames[-1]["n"]}).encode())
        elif asked.path == "/agent/v1/stream":
            await self._stream(writer)
        else:
            await _reply(writer, 404, b'{"title": "not found", "status": 404, "detail": "no such thing", "code": "ATT404"}')

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.streams.append(lines)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n")
        while (line := await lines.get()) is not None:
            writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()


@asynccontextmanager
async def controller_stub(
    *, authority: trustme.CA | None = None, clients: trustme.CA | None = None, server: ssl.SSLContext | None = None
) -> AsyncIterator[ControllerStub]:
    """Serve on a port of the machine's choice; `clients` is the authority that client certificates must have (default: the same)."""
    own = authority or trustme.CA()
    stub = ControllerStub(own)
    stub.answering.set()
    listening = await asyncio.start_server(stub.accept, "127.0.0.1", 0, ssl=server or server_context(own, clients or own))
    stub.port = listening.sockets[0].getsockname()[1]
    try:
        yield stub
    finally:
        listening.close()
        await stub.stop()
        await listening.wait_closed()


def server_context(authority: trustme.CA, clients: trustme.CA | None, **certificate: object) -> ssl.SSLContext:
    """Return what the agent listener serves; no `clients`: the public one, which asks for no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    authority.issue_cert("127.0.0.1", **certificate).configure_cert(context)  # type: ignore[arg-type]  # trustme's own words
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        clients.configure_trust(context)
    return context


@dataclass(frozen=True)
class IdentityFiles:
    """An agent's identity on disk."""

    authority: Path
    certificate: Path
    key: Path


def identity(folder: Path, *, trusts: trustme.CA, issued_by: trustme.CA | None = None) -> IdentityFiles:
    """Write an identity that trusts one authority and has a certificate of that one or another."""
    files = IdentityFiles(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    issued = (issued_by or trusts).issue_cert("web1.example.org")
    trusts.cert_pem.write_to_path(files.authority)
    issued.cert_chain_pems[0].write_to_path(files.certificate)
    issued.private_key_pem.write_to_path(files.key)
    return files


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *rest = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, path, headers, body)


async def _reply(writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
    writer.write(f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
