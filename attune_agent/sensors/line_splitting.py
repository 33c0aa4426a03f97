"""Lines of a sensor's stdout with their offsets, from chunks of any size; a line beyond the bound is skipped without being kept. Pure.

`feed` gives it what it read from a spool; `line_meaning` says what a line is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

#: Bytes of one line.
LINE_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """One line and where it starts; `raw` is None for one that is too long."""

    start: int
    raw: bytes | None


class LineSplitter:
    """Remembers the beginning of a line until its end comes."""

    def __init__(self, offset: int, *, skipping: bool = False, limit: int = LINE_LIMIT) -> None:
        """Begin at an offset: where a line begins or, `skipping`, within one that was too long."""
        self._limit = limit
        self._parts: list[bytes] = []
        self._kept = 0
        self._start = offset
        self.read_to = offset
        #: Whether what comes belongs to a line that was too long, up to its end.
        self.skipping = skipping

    @property
    def boundary(self) -> int:
        """Return the offset at which reading may begin anew without missing anything."""
        return self.read_to if self.skipping else self._start

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """Yield the lines that this chunk ends, and one that gets too long."""
        at = 0
        while (newline := chunk.find(b"\n", at)) >= 0:
            yield from self._keep(chunk[at:newline])
            self.read_to += 1
            if self.skipping:
                self._begin(self.read_to)
            else:
                yield self._end()
            at = newline + 1
        yield from self._keep(chunk[at:])

    def rest(self) -> Line | None:
        """Return the line that its program did not end, now that no more will come."""
        if self.boundary == self.read_to:
            return None
        return self._end()

    def skip_to(self, offset: int) -> None:
        """Go on at a later offset, within some line: what is before it is gone."""
        self._begin(offset)
        self.skipping = True

    def _keep(self, part: bytes) -> Iterator[Line]:
        self.read_to += len(part)
        if self.skipping:
            return
        self._kept += len(part)
        if self._kept > self._limit:
            yield Line(self._start, None)
            self._begin(self.read_to)
            self.skipping = True
        elif part:
            self._parts.append(part)

    def _end(self) -> Line:
        line = Line(self._start, b"".join(self._parts))
        self._begin(self.read_to)
        return line

    def _begin(self, offset: int) -> None:
        self._parts.clear()
        self._kept, self._start, self.read_to, self.skipping = 0, offset, offset, False
