"""One run's lines on their way from its spool to the controller: read a little ahead, sent in order, done with when acknowledged.

Filled by `sensor`, emptied by `event_outbox`. What is done with is an offset in the run's stdout: everything before it is acknowledged, or
was nothing to send. It is stored before the spool is trimmed to it; after a crash at any point the same lines are read again and get the
same ids, so that none is lost and none counts twice.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from attune_agent.sensors.line_meaning import BadLine, EventLine, meaning_of
from attune_agent.sensors.line_splitting import LINE_LIMIT, Line, LineSplitter
from attune_agent.sensors.spool_files import SpoolFiles
from attune_agent.state.sensor_records import SensorRun
from attune_core.wire.sensors import SensorEvent

#: Events and their bytes that are in memory for one run.
WINDOW_EVENTS, WINDOW_BYTES = 256, 1 << 20
#: Bytes of one look into its spool: doubled after one that brought events alone, the least again after one that brought other lines.
LEAST_READ, MOST_READ = 4 << 10, 256 << 10


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that is not acknowledged, and where its line starts."""

    body: bytes
    start: int


@dataclass(frozen=True, slots=True)
class Found:
    """What one look brought."""

    lines: int
    events: int
    #: How many lines were wrong, and what was with the last one.
    wrong: int
    last_wrong: str

    @property
    def idle(self) -> bool:
        """Whether this was work without use: what only costs time is read slowly, for ever if need be."""
        return self.wrong > 0 or (self.lines > 0 and not self.events)


class Feed:
    """The lines of one run."""

    def __init__(self, run: SensorRun, spool: SpoolFiles, *, now: Callable[[], float], limit: int = LINE_LIMIT) -> None:
        """Begin where the run was left; `now` is the wall clock, for events that say no time, `limit` bounds a line in bytes."""
        self.run = run
        self.spool = spool
        self.total = run.offset
        #: How much of it somebody has been told of.
        self.seen = run.offset
        #: Bytes of it that will ever be, once it has ended.
        self.length = run.length
        self.pending: deque[Pending] = deque()
        #: How many of these, from the left, are on their way.
        self.sent = 0
        self._bytes = 0
        self._splitter = LineSplitter(run.offset, skipping=run.skipping, limit=limit)
        self._now = now
        self._read = LEAST_READ
        #: Told when something was acknowledged.
        self.moved: Callable[[], None] = _nobody

    def look(self) -> int:
        """Return how many bytes were ever printed."""
        self.total = self.spool.total(self.total)
        return self.total

    @property
    def done(self) -> int:
        """Return the offset before which everything is done with."""
        return self.pending[0].start if self.pending else self._splitter.boundary

    @property
    def skipping(self) -> bool:
        """Whether that offset lies within a line that was too long."""
        return not self.pending and self._splitter.skipping

    @property
    def waiting(self) -> int:
        """Bytes that are printed and not done with."""
        return max(self.total, self.length or 0) - self.done

    @property
    def finished(self) -> bool:
        """Whether the run has ended and everything is done with."""
        return self.length is not None and self.done >= self.length and not self.pending

    @property
    def room(self) -> bool:
        """Whether more may be read ahead."""
        return len(self.pending) < WINDOW_EVENTS and self._bytes < WINDOW_BYTES

    def fill(self) -> Found | None:
        """Read on, once; None when there is nothing to read or no room, or a poll has not yet ended and its lines may not count."""
        if (
            not self.room
            or (self.run.poll and self.length is None)
            or self._splitter.read_to >= (self.total if self.length is None else self.length)
        ):
            return None
        before = self._splitter.read_to
        chunk = self.spool.read(before, self._read)
        lines = list(self._splitter.feed(chunk))
        if not chunk:
            self._over_a_gap()
        if self.length is not None and self._splitter.read_to >= self.length and (rest := self._splitter.rest()) is not None:
            lines.append(rest)
        if self._splitter.read_to == before:
            return None
        found = self._take(lines)
        self._read = LEAST_READ if found.idle else min(2 * self._read, MOST_READ)
        return found

    def acknowledge(self) -> None:
        """Be done with the oldest event, and with what followed it without being one."""
        self._bytes -= len(self.pending.popleft().body)
        self.sent -= 1

    def _over_a_gap(self) -> None:
        """Go on after what is missing, though nothing but another program can have removed it."""
        first = self.spool.first()
        if first is not None and first > self._splitter.read_to:
            self._splitter.skip_to(first)
        elif self.length is not None:
            self._splitter.skip_to(self.length)

    def _take(self, lines: list[Line]) -> Found:
        events, wrong, last_wrong = 0, 0, ""
        for line in lines:
            meaning = meaning_of(line, poll=self.run.poll)
            if isinstance(meaning, EventLine):
                events += 1
                body = self._body(line, meaning)
                self._bytes += len(body)
                self.pending.append(Pending(body, line.start))
            elif isinstance(meaning, BadLine):
                wrong, last_wrong = wrong + 1, meaning.reason
        return Found(len(lines), events, wrong, last_wrong)

    def _body(self, line: Line, event: EventLine) -> bytes:
        said = SensorEvent(
            sensor=self.run.sensor,
            id=event.id or f"{self.run.run}:{line.start}",
            trigger=event.trigger,
            data=event.data,
            subject=event.subject,
            time=self._now() if event.time is None else event.time,
        )
        return said.model_dump_json().encode()


def _nobody() -> None:
    """Nobody listens yet."""
