"""A flood of POSTs over kept connections: each has one request under way and sends the next when its answer is there.

Used by `ingest` for both sides alike. It speaks as little HTTP as it can, so that it costs next to nothing beside the servers; requests are
made before the clock starts.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RETRY = re.compile(rb"\r\nretry-after: *\d+", re.IGNORECASE)


@dataclass
class Flood:
    """What came of one flood: answers by status, which requests were accepted (2xx), how many refusals said when to come again."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: list[int] = field(default_factory=list)
    told_when: int = 0
    cut: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.statuses.total() / self.seconds


def request(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a whole request."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def flood(port: int, requests: Sequence[bytes], *, connections: int, origins: Sequence[str] = ("127.0.0.1",)) -> Flood:
    """Send all of them, shared out as connections become free; `origins` are the addresses that connections come from, in turn."""
    return asyncio.run(_flood(port, requests, connections, origins))


async def _flood(port: int, requests: Sequence[bytes], connections: int, origins: Sequence[str]) -> Flood:
    found, left = Flood(), iter(enumerate(requests))
    opened = [await _open(port, origins[number % len(origins)]) for number in range(connections)]
    begun = time.perf_counter()
    await asyncio.gather(*(_serve(stream, left, found) for stream in opened))
    found.seconds = time.perf_counter() - begun
    return found


_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _open(port: int, origin: str) -> _Stream:
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(origin, 0), limit=1 << 22)


async def _serve(stream: _Stream, left: "enumerate[bytes]", found: Flood) -> None:
    """Send one after the other over one connection until none are left, or the server ends it."""
    reader, writer = stream
    try:
        for number, content in left:
            writer.write(content)
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
            status = int(head[9:12])
            found.statuses[status] += 1
            if status < 300:
                found.accepted.append(number)
            elif _RETRY.search(head):
                found.told_when += 1
    except (OSError, asyncio.IncompleteReadError):
        found.cut += 1
    finally:
        writer.close()
