"""A listener of its own for those who watch a program: /metrics, /health and /ready over plain HTTP, one request a connection.

Opened by the composition roots where the settings have `metrics.listen`. It reads a request's first line and nothing else, knows three
paths, and has nothing to hide but numbers; so it is not the listener that serves people, and loopback unless told otherwise.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from attune_core.addresses import Address
from attune_core.errors import AttuneError, Blame
from attune_core.metrics.exposition import MEDIA_TYPE, Exposition
from attune_core.metrics.family import Family
from attune_core.metrics.ready import HEALTHY, readiness

#: Bytes of a request's head, seconds until it is there and answered, and connections at once.
HEAD, PATIENCE, CONNECTIONS = 8192, 10.0, 16
_STATUS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


class MetricsPortRefused(AttuneError):
    """The address of `metrics.listen` cannot be listened at: another program has it, or this machine does not."""

    code, blame = "ATT665", Blame.HOST
    remedy = "choose another address in `metrics.listen`, or look who has it: ss -ltnp"


class Watched(Protocol):
    """What a program says of itself."""

    async def families(self) -> Sequence[Family]:
        """Return its metrics now."""
        ...

    def not_ready(self) -> Sequence[str]:
        """Return why it cannot do its work now, nothing when it can."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int
    body: bytes
    media_type: str = "application/json"


class MetricsServer:
    """Answers whoever watches."""

    def __init__(self, watched: Watched, address: Address) -> None:
        """Take what is shown and where."""
        self._watched, self._address = watched, address
        self._exposition = Exposition()
        self._pages: dict[str, Callable[[], Awaitable[_Answer]]] = {"/metrics": self._metrics, "/health": _health, "/ready": self._ready}
        self._connections = 0
        self._log = structlog.get_logger("metrics")

    async def run(self) -> None:
        """Serve for ever; `MetricsPortRefused`."""
        try:
            server = await asyncio.start_server(self._serve, self._address.host or None, self._address.port, limit=HEAD)
        except OSError as error:
            raise MetricsPortRefused(f"{self._address.host}:{self._address.port}: {error.strerror}") from error
        async with server:
            host, port = server.sockets[0].getsockname()[:2]
            self._log.info("metrics_ready", host=host, port=port)
            await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections <= CONNECTIONS:
                async with asyncio.timeout(PATIENCE):
                    writer.write(_written(await self._answer(reader)))
                    await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # Cancelled is who had not spoken when the program ended, and asyncio would make a noise about it. Whoever does not read what it
            # asked for would keep a closed connection for ever.
            writer.transport.abort()
        finally:
            self._connections -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> _Answer:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _Answer(status=400, body=b"{}\n")
        method, _, rest = head.partition(b"\r\n")[0].partition(b" ")
        page = self._pages.get(rest.partition(b" ")[0].partition(b"?")[0].decode("ascii", "replace"))
        if page is None:
            return _Answer(status=404, body=b'{"paths": ["/metrics", "/health", "/ready"]}\n')
        if method != b"GET":
            return _Answer(status=405, body=b"{}\n")
        return await page()

    async def _metrics(self) -> _Answer:
        try:
            families = await self._watched.families()
        except AttuneError as error:  # such as a store whose disk refuses
            return _Answer(status=503, body=json.dumps({"code": error.code}).encode() + b"\n")
        return _Answer(status=200, body=self._exposition.text(families), media_type=MEDIA_TYPE)

    async def _ready(self) -> _Answer:
        status, body = readiness(self._watched.not_ready())
        return _Answer(status=status, body=body)


async def _health() -> _Answer:
    return _Answer(status=200, body=HEALTHY)


def _written(answer: _Answer) -> bytes:
    head = (
        f"HTTP/1.1 {answer.status} {_STATUS[answer.status]}\r\ncontent-type: {answer.media_type}\r\n"
        f"content-length: {len(answer.body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + answer.body
