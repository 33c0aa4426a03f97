"""A TCP proxy on loopback that does to connections what networks do: silence, one way or both, delay, resets, cuts and wrong bytes.

Used by test_partitions; it runs on an event loop in a thread of its own, and its methods may be called from any other.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

#: The two directions, as the one who connects sees them.
UP, DOWN = "up", "down"
BOTH = frozenset({UP, DOWN})


@dataclass(eq=False)
class _Connection:
    """One connection and the one beyond it."""

    writers: dict[str, asyncio.StreamWriter] = field(default_factory=dict)
    #: Held for ever, even when the network has healed: as when a firewall has forgotten it.
    forgotten: bool = False


class Proxy:
    """Forwards to `target` on loopback, as long as nothing is wrong."""

    def __init__(self) -> None:
        """Listen; connections are refused until there is a target."""
        self.target = 0
        #: Seconds by which each piece is late, and bytes a second (0: as they come).
        self.delay, self.rate = 0.0, 0
        self._held: frozenset[str] = frozenset()
        self._spoil = self._cut = 0
        self._healed = asyncio.Event()
        self._connections: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._live, name="proxy", daemon=True)
        self._thread.start()

    def hold(self, directions: frozenset[str] = BOTH) -> None:
        """Let nothing pass that way any more, and say nothing of it to either side."""
        self._call(self._hold, directions)

    def heal(self) -> None:
        """Let everything pass again, what was held too; connections that were forgotten stay so."""
        self.delay, self.rate = 0.0, 0
        self._call(self._hold, frozenset())

    def forget(self) -> None:
        """Hold the connections of now for ever; new ones pass."""
        self._call(self._forget)

    def reset(self) -> None:
        """End every connection by a reset, on both sides."""
        self._call(self._reset)

    def spoil(self) -> None:
        """Change a bit of the next piece that passes up."""
        self._spoil += 1

    def cut(self) -> None:
        """End a connection in the middle of the next piece that passes up."""
        self._cut += 1

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _call(self, what: object, *arguments: object) -> None:
        done = threading.Event()

        def act() -> None:
            assert callable(what)
            what(*arguments)
            done.set()

        self._loop.call_soon_threadsafe(act)
        done.wait()

    def _hold(self, directions: frozenset[str]) -> None:
        self._held = directions
        self._healed.set()
        self._healed = asyncio.Event()

    def _forget(self) -> None:
        for connection in self._connections:
            connection.forgotten = True

    def _reset(self) -> None:
        for connection in list(self._connections):
            _end(connection, linger=True)

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._socket))
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(self._loop), return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection({DOWN: writer})
        self._connections.add(connection)
        try:
            await self._pass(connection, UP)  # a handshake, too, has to get through
            beyond, connection.writers[UP] = await asyncio.open_connection("127.0.0.1", self.target)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(connection, UP, reader))
                group.create_task(self._pump(connection, DOWN, beyond))
        except (OSError, ExceptionGroup):
            pass
        finally:
            _end(connection, linger=False)
            self._connections.discard(connection)

    async def _pump(self, connection: _Connection, direction: str, reader: asyncio.StreamReader) -> None:
        writer = connection.writers[direction]
        while piece := await reader.read(self.rate or 1 << 16):
            await self._pass(connection, direction)
            if self.delay or self.rate:
                await asyncio.sleep(self.delay + (len(piece) / self.rate if self.rate else 0.0))
            if direction == UP and self._spoil:
                self._spoil -= 1
                piece = piece[:-1] + bytes([piece[-1] ^ 1])
            if direction == UP and self._cut:
                self._cut -= 1
                writer.write(piece[: len(piece) // 2])
                raise ConnectionAbortedError
            writer.write(piece)
            await writer.drain()
        await self._pass(connection, direction)
        raise ConnectionAbortedError  # the end of one side is the end of the connection

    async def _pass(self, connection: _Connection, direction: str) -> None:
        while direction in self._held or connection.forgotten:
            await self._healed.wait()


def _end(connection: _Connection, *, linger: bool) -> None:
    for writer in connection.writers.values():
        if linger:
            with suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort() if linger else writer.close()


@contextmanager
def proxy() -> Iterator[Proxy]:
    """Yield one."""
    made = Proxy()
    try:
        yield made
    finally:
        made.close()
