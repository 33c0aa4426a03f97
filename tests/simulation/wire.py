"""The network between one agent and the controller: time on the way, partitions, and everything that happens to bytes.

`link` is the agent's end of it, `served` the controller's. What is sent waits where it cannot get through, as TCP's own repetition has it,
until the way is open again or whoever sent it gives up.
"""

import asyncio
import random
from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum


class Direction(StrEnum):
    UP = "up"  # agent to controller
    DOWN = "down"


class Broken(Exception):
    """The connection is reset."""


@dataclass
class Weather:
    """What the network does to bytes now; each a probability per message."""

    seconds: tuple[float, float] = (0.0002, 0.004)
    lost: float = 0.0  # the connection is reset, before or after the request was heard
    repeated: float = 0.0
    late: float = 0.0  # the sender is told of a reset, and what it sent arrives nevertheless, later
    truncated: float = 0.0
    dropped: float = 0.0  # one line of a stream
    swapped: float = 0.0  # two lines of a stream


class Way:
    """One connection."""

    def __init__(self) -> None:
        self.silent = False
        self.broken = False
        self.changed = asyncio.Event()

    def change(self) -> None:
        """Let whoever waits look again."""
        woken, self.changed = self.changed, asyncio.Event()
        woken.set()


@dataclass
class Wire:
    """One agent's network; it survives programs."""

    random: random.Random
    weather: Weather = field(default_factory=Weather)
    blocked: set[Direction] = field(default_factory=set)
    ways: dict[Way, None] = field(default_factory=dict)
    #: What happened to bytes, by the name of the fault.
    happened: Counter[str] = field(default_factory=Counter)

    def open(self) -> Way:
        """Make a connection."""
        way = Way()
        self.ways[way] = None
        return way

    def close(self, way: Way) -> None:
        """Let go of a connection; whoever is on it finds it reset."""
        self.ways.pop(way, None)
        way.broken = True
        way.change()

    def block(self, *directions: Direction) -> None:
        """Partition."""
        self.blocked |= set(directions)

    def heal(self) -> None:
        """Open both directions again."""
        self.blocked.clear()
        for way in list(self.ways):
            way.change()

    def silence(self) -> None:
        """Let every connection that is open now be half-open: nothing comes through any more, and nobody is told."""
        for way in self.ways:
            way.silent = True

    def meets(self, fault: str, probability: float) -> bool:
        """Draw whether a fault happens now."""
        if probability and self.random.random() < probability:
            self.happened[fault] += 1
            return True
        return False

    async def travel(self, way: Way, direction: Direction) -> None:
        """Return when what is sent now is there; `Broken` when the connection is reset before."""
        await asyncio.sleep(self.random.uniform(*self.weather.seconds))
        while not way.broken and (way.silent or direction in self.blocked):
            await way.changed.wait()
        if way.broken:
            raise Broken


class Pipe:
    """One direction of an open stream: chunks in order, bounded, for one reader."""

    def __init__(self, wire: Wire, way: Way, bound: int = 256 << 10) -> None:
        self._wire, self._way, self._bound = wire, way, bound
        self._sent: deque[bytes | None] = deque()
        self._arrived: deque[bytes | None] = deque()
        self._size = 0
        self._moved = asyncio.Event()
        self._room = asyncio.Event()
        self._sending = asyncio.Event()

    async def send(self, chunk: bytes | None) -> None:
        """Give bytes to the network, waiting for room; None ends the stream."""
        while self._size > self._bound and not self._way.broken:
            self._room.clear()
            await self._room.wait()
        if self._way.broken:
            return  # nobody reads it; the end of the connection is told elsewhere
        self._sent.append(chunk)
        self._size += len(chunk or b"")
        self._sending.set()

    async def carry(self) -> None:
        """Bring what is sent to the other end, in order, until the connection is gone."""
        try:
            while True:
                while not self._sent:
                    self._sending.clear()
                    await self._sending.wait()
                await self._wire.travel(self._way, Direction.DOWN)
                chunk = self._sent.popleft()
                for one in [None] if chunk is None else self._spoil(chunk):
                    self._arrived.append(one)
                self._moved.set()
        except Broken:
            self.wake()

    async def read(self) -> bytes | None:
        """Return the next bytes; None at the orderly end; `Broken`."""
        while not self._arrived:
            if self._way.broken:
                raise Broken
            self._moved.clear()
            await self._moved.wait()
        chunk = self._arrived.popleft()
        self._size -= len(chunk or b"")
        self._room.set()
        return chunk

    def wake(self) -> None:
        """The connection has changed: look again, both ends."""
        self._moved.set()
        self._room.set()
        self._sending.set()

    def _spoil(self, chunk: bytes) -> list[bytes]:
        """Do to a chunk what the weather is like."""
        wire, weather = self._wire, self._wire.weather
        lines = chunk.splitlines(keepends=True)
        if wire.meets("frame dropped", weather.dropped):
            del lines[wire.random.randrange(len(lines))]
        if lines and wire.meets("frame repeated", weather.repeated):
            lines.insert(0, lines[wire.random.randrange(len(lines))])
        if len(lines) > 1 and wire.meets("frames swapped", weather.swapped):
            place = wire.random.randrange(len(lines) - 1)
            lines[place], lines[place + 1] = lines[place + 1], lines[place]
        whole = b"".join(lines)
        self._size += len(whole) - len(chunk)
        if whole and wire.meets("stream truncated", weather.truncated):
            cut = wire.random.randrange(len(whole))
            self._size -= len(whole) - cut
            return [whole[:cut]]
        return [whole] if whole else []
