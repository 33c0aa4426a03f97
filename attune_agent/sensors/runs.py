"""The runs of one sensor that are not done with, oldest first: the lines of one are sent before those of the next.

Kept by `sensor`. Only the oldest run is read, and only it and the one that runs now have a feed: the others are rows, however many.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from attune_agent.host import SpoolBounds
from attune_agent.sensors.feed import Feed
from attune_agent.sensors.spool_files import SpoolFiles
from attune_agent.state.sensor_records import SensorRun

#: Bytes of a spool's segment; what was written by an earlier life of the agent is read with the same.
SEGMENT = 1 << 20
#: Runs of one sensor that may wait to be sent, for polls that print little in a long outage.
MOST_RUNS = 10_000


class Runs:
    """The queue."""

    def __init__(self, runs: Sequence[SensorRun], *, spools: Path, spool: int, now: Callable[[], float]) -> None:
        """Take what is stored, the directory of all spools, and the bytes that may wait of this sensor; `now` is the wall clock."""
        self._spools = spools
        self._segments = max(2, spool // SEGMENT)
        self._now = now
        self._runs = deque(runs)
        self._granted = self._segments
        #: Told when an event of it was acknowledged.
        self.moved: Callable[[], None] = _nobody
        self.current: Feed | None = None
        self._oldest: Feed | None = None
        self._stored = sum((run.length or run.offset) - run.offset for run in self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def all(self) -> list[SensorRun]:
        """Return them."""
        return list(self._runs)

    def unended(self) -> list[SensorRun]:
        """Return the runs whose end is not stored."""
        return [run for run in self._runs if run.length is None]

    @property
    def oldest(self) -> Feed | None:
        """Return the feed of the run that is read now."""
        if not self._runs:
            return None
        if self._oldest is None or self._oldest.run.run != self._runs[0].run:
            current = self.current
            self._oldest = current if current is not None and current.run.run == self._runs[0].run else self._feed(self._runs[0])
        return self._oldest

    @property
    def full(self) -> bool:
        """Whether what waits is as much as may: the program that runs has to wait, and none is started."""
        if self.current is not None:
            kept = self.current.total // SEGMENT - self.current.done // SEGMENT
            return self.current.total > 0 and self.current.total % SEGMENT == 0 and kept >= self._granted
        return len(self._runs) >= MOST_RUNS or self._free < 2

    def bounds(self) -> SpoolBounds:
        """Return what the next run may have."""
        self._granted = max(2, self._free)
        return SpoolBounds(segment=SEGMENT, segments=self._granted)

    def begin(self, run: SensorRun) -> Feed:
        """Take in a run that is being started, or one of an earlier life that goes on."""
        if run not in self._runs:
            self._runs.append(run)
        self.current = self._oldest if self._oldest is not None and self._oldest.run.run == run.run else self._feed(run)
        return self.current

    def ended(self, run: SensorRun, length: int) -> None:
        """Hear how much a run printed; nothing more of it comes."""
        for feed in (self.current, self._oldest):
            if feed is not None and feed.run.run == run.run:
                feed.length = length
        self._replace(run, length)
        self.current = None if self.current is not None and self.current.run.run == run.run else self.current

    def remove(self, run: SensorRun) -> None:
        """Let go of a run."""
        found = next((one for one in self._runs if one.run == run.run), None)
        if found is not None:
            self._stored -= (found.length or found.offset) - found.offset
            self._runs.remove(found)
        self.current = None if self.current is not None and self.current.run.run == run.run else self.current
        if self._oldest is not None and self._oldest.run.run == run.run:
            self._oldest = None

    def size_of(self, run: SensorRun) -> int:
        """Return how much a run has printed up to now."""
        feed = next((one for one in (self.current, self._oldest) if one is not None and one.run.run == run.run), None)
        return (feed or self._feed(run)).look()

    def spool_of(self, run: SensorRun) -> SpoolFiles:
        """Return the files of a run."""
        return SpoolFiles(self._spools / run.run, SEGMENT)

    @property
    def _free(self) -> int:
        """Segments that the runs which have ended leave."""
        return self._segments - -(-self._stored // SEGMENT)

    def _replace(self, run: SensorRun, length: int) -> None:
        at = next((number for number, one in enumerate(self._runs) if one.run == run.run), None)
        if at is not None:
            self._runs[at] = replace(self._runs[at], length=length)
            self._stored += length - self._runs[at].offset

    def _feed(self, run: SensorRun) -> Feed:
        feed = Feed(run, self.spool_of(run), now=self._now)
        feed.moved = self._tell
        feed.look()
        return feed

    def _tell(self) -> None:
        self.moved()


def _nobody() -> None:
    """Nobody listens yet."""
