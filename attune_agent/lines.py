"""NDJSON from chunks of any size: whole lines out, with a bound on a line that does not end. Used by the uplink."""

from collections.abc import Iterator

from attune_agent.errors import FrameRefused


class Lines:
    """Remembers the beginning of a line until its end comes."""

    def __init__(self, limit: int) -> None:
        """Take the most bytes a line may have."""
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the lines that this chunk completes, without their ends; empty ones are left out."""
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._keep(end)
            line = b"".join(self._parts)
            self._parts.clear()
            self._size = 0
            if line:
                yield line
        self._keep(rest)

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            raise FrameRefused(f"a line has more than {self._limit} bytes")
        if part:
            self._parts.append(part)
