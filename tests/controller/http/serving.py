"""Real listeners on 127.0.0.1 for tests of the controller's HTTP side, and raw connections that send exactly what a test says."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from attune_controller.http.limits import HttpLimits
from attune_controller.http.listener import Listener, bind
from attune_core.wire.api import Failure

#: Bounds that a test reaches in a moment; everything else as it ships.
QUICK = HttpLimits(header_time=0.4, body_window=0.4, keep_alive=0.4, write_stall=0.5, handshake_time=0.4, linger=0.3)


@asynccontextmanager
async def listening(app: ASGIApp, *, tls: ssl.SSLContext | None = None, limits: HttpLimits | None = None) -> AsyncIterator[Listener]:
    """Run a listener on a free port."""
    listener = Listener("test", app, bind("127.0.0.1", 0), tls=tls, limits=limits)
    await listener.start()
    try:
        yield listener
    finally:
        await listener.stop(grace=0.2)


def port_of(listener: Listener) -> int:
    return listener.addresses[0][1]


class Echo:
    """An application that reads the whole body and answers with its length; it keeps what it saw."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.bodies: list[bytes] = []
        self.scopes: list[Scope] = []
        self.gone = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        self.scopes.append(scope)
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone += 1
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.bodies.append(body)
        await reply(send, f"{len(body)}".encode())


async def reply(send: Send, body: bytes, status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def failure(self) -> Failure:
        assert self.headers["content-type"] == "application/problem+json"
        return Failure.model_validate_json(self.body)


class Wire:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, text: str | bytes) -> None:
        self.writer.write(text.encode() if isinstance(text, str) else text)
        await self.writer.drain()

    async def answer(self) -> Answer:
        """Read one response with Content-Length, or to the end."""
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
            length = headers.get("content-length")
            body = await (self.reader.read() if length is None else self.reader.readexactly(int(length)))
        return Answer(int(head[0].split()[1]), headers, body)

    async def end(self) -> bytes:
        """Read until the server closes; a reset counts as a close."""
        try:
            async with asyncio.timeout(10):
                return await self.reader.read()
        except ConnectionError:
            return b""

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except (OSError, ssl.SSLError):
            return


@asynccontextmanager
async def wire(listener: Listener, *, tls: ssl.SSLContext | None = None, name: str = "localhost") -> AsyncIterator[Wire]:
    """Connect to a listener."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port_of(listener), ssl=tls, server_hostname=name if tls else None, limit=1 << 20
    )
    connection = Wire(reader, writer)
    try:
        yield connection
    finally:
        await connection.close()


def post(body: bytes = b"", *headers: str, path: str = "/") -> bytes:
    """Return a whole POST request."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()
