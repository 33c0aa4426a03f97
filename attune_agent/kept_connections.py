"""POSTs to one address over connections that are kept open, and long answers: HTTP/1.1 by h11 on asyncio's own TLS streams, nothing around.

Used by `link`. A general client's pools, adapters and models cost an agent several times what a POST itself does (decision 31). Errors are
those of the socket, of TLS and of h11; `link` says what they mean.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

#: A connection that has rested so long is not used again, seconds; the controller closes it after twice as long.
_REST = 60.0
_CHUNK = 65_536
_OK = 200


@dataclass(frozen=True)
class Answer:
    """What the other side answered."""

    status: int
    content: bytes


class AnswerTooLarge(Exception):
    """More was answered than the caller takes."""


class KeptConnections:
    """Opens a connection when none rests; one request at a time goes over each."""

    def __init__(self, url: str, *, context: ssl.SSLContext, connect: float, answer: float, limit: int) -> None:
        """Take https://host:port, and how long connecting and an exchange may take, in seconds; `limit` bounds an answer, in bytes."""
        parts = urlsplit(url)
        self._host, self._port, self._authority = parts.hostname or "", parts.port or 443, parts.netloc
        self._context, self._connect, self._answer, self._limit = context, connect, answer, limit
        self._resting: list[_Connection] = []

    async def post(self, path: str, body: bytes, headers: Iterable[tuple[str, str]]) -> Answer:
        """Send it and return the answer; whatever goes wrong ends the connection."""
        connection = self._rested() or await self._open()
        fields = [("host", self._authority), ("content-length", str(len(body))), *headers]
        try:
            async with asyncio.timeout(self._answer):
                answer = await connection.exchange(h11.Request(method="POST", target=path, headers=fields), body, self._limit)
        except BaseException:
            connection.end()
            raise
        if connection.usable:
            self._resting.append(connection)
        else:
            connection.end()
        return answer

    @asynccontextmanager
    async def stream(self, path: str, headers: Iterable[tuple[str, str]]) -> AsyncIterator[tuple[Answer, AsyncIterator[bytes]]]:
        """Get it over a connection of its own; yield a refusal whole, or an answer without content and the content as it comes.

        The content may take as long as it likes, and ends with the answer.
        """
        connection = await self._open()
        try:
            async with asyncio.timeout(self._answer):
                await connection.send(h11.Request(method="GET", target=path, headers=[("host", self._authority), *headers]))
                status = await connection.status()
                refused = not _OK <= status < _OK + 100
                content = await connection.whole(self._limit) if refused else b""
            yield Answer(status, content), connection.content()
        finally:
            connection.end()

    def close(self) -> None:
        """Let go of those that rest."""
        for connection in self._resting:
            connection.end()
        self._resting.clear()

    def _rested(self) -> "_Connection | None":
        while self._resting:
            connection = self._resting.pop()
            if connection.usable and connection.rested < _REST:
                return connection
            connection.end()
        return None

    async def _open(self) -> "_Connection":
        async with asyncio.timeout(self._connect):
            reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._context, happy_eyeballs_delay=0.25)
        return _Connection(reader, writer)


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)
        self._since = 0.0

    @property
    def usable(self) -> bool:
        """Whether another request may follow, as far as is known here."""
        return self._http.our_state is h11.IDLE and not self._reader.at_eof() and not self._writer.is_closing()

    @property
    def rested(self) -> float:
        """Seconds since the last answer."""
        return asyncio.get_running_loop().time() - self._since

    async def exchange(self, request: h11.Request, body: bytes, limit: int) -> Answer:
        """Send one request and return its answer."""
        await self.send(request, body)
        answer = Answer(await self.status(), await self.whole(limit))
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        self._since = asyncio.get_running_loop().time()
        return answer

    async def send(self, request: h11.Request, body: bytes = b"") -> None:
        """Send a request."""
        parts = [self._http.send(request), self._http.send(h11.Data(data=body)), self._http.send(h11.EndOfMessage())]
        self._writer.write(b"".join(part for part in parts if part))
        await self._writer.drain()

    async def status(self) -> int:
        """Return the status of the answer."""
        while not isinstance(event := await self._event(), h11.Response):
            pass  # one that says that the answer is yet to come
        return event.status_code

    async def whole(self, limit: int) -> bytes:
        """Return the content of the answer; `AnswerTooLarge` when there is more of it."""
        content = bytearray()
        async for part in self.content():
            content += part
            if len(content) > limit:
                raise AnswerTooLarge
        return bytes(content)

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the content of the answer as it comes."""
        while not isinstance(event := await self._event(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                yield bytes(event.data)

    async def _event(self) -> h11.Event:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(_CHUNK))
        if isinstance(event, h11.ConnectionClosed) or not isinstance(event, h11.Event):
            raise ConnectionResetError("the connection ended before the answer")
        return event

    def end(self) -> None:
        """Close it without a word."""
        self._writer.transport.abort()
