"""SensorState in memory, for simulations and tests; held to the same contract suite. Give the same disk to the next one: a restart."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from attune_agent.state.sensor_records import LoadedSensors, Poll, SensorRun
from attune_core.wire.sensors import SensorAssignment


@dataclass
class SensorDisk:
    """What a restart finds."""

    assigned: tuple[SensorAssignment, ...] = ()
    runs: dict[str, SensorRun] = field(default_factory=dict)
    polls: dict[str, Poll] = field(default_factory=dict)


class MemorySensors:
    """Writes are done at the call; their futures are done on the next turn of the loop."""

    def __init__(self, disk: SensorDisk) -> None:
        """Start from what the disk holds."""
        self._disk = disk
        #: Raised by every write while set: a full disk.
        self.failure: Exception | None = None

    def load(self) -> LoadedSensors:
        """Return everything that is there."""
        return LoadedSensors(assigned=self._disk.assigned, runs=list(self._disk.runs.values()), polls=dict(self._disk.polls))

    def assign(self, assigned: Sequence[SensorAssignment]) -> asyncio.Future[None]:
        """Replace what is to run."""

        def write() -> None:
            self._disk.assigned = tuple(assigned)
            names = {one.sensor for one in assigned}
            self._disk.polls = {sensor: poll for sensor, poll in self._disk.polls.items() if sensor in names}

        return self._done(write)

    def begin(self, run: SensorRun) -> asyncio.Future[None]:
        """Store a run that is about to be asked for."""
        return self._done(lambda: self._disk.runs.__setitem__(run.run, run))

    def advance(self, run: str, offset: int, *, skipping: bool) -> asyncio.Future[None]:
        """Store what of a run is done with."""
        return self._done(lambda: self._change(run, lambda one: replace(one, offset=offset, skipping=skipping)))

    def end(self, run: str, length: int, poll: Poll | None = None) -> asyncio.Future[None]:
        """Store how much an ended run printed."""

        def write() -> None:
            self._keep(run, poll)
            self._change(run, lambda one: replace(one, length=length))

        return self._done(write)

    def drop(self, run: str, poll: Poll | None = None) -> asyncio.Future[None]:
        """Forget a run."""

        def write() -> None:
            self._keep(run, poll)
            self._disk.runs.pop(run, None)

        return self._done(write)

    def _keep(self, run: str, poll: Poll | None) -> None:
        if poll is not None and run in self._disk.runs:
            self._disk.polls[self._disk.runs[run].sensor] = poll

    def _change(self, run: str, change: Callable[[SensorRun], SensorRun]) -> None:
        if run in self._disk.runs:
            self._disk.runs[run] = change(self._disk.runs[run])

    def _done(self, write: Callable[[], None]) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.failure is not None:
            future.get_loop().call_soon(_fail, future, self.failure)
        else:
            write()
            future.get_loop().call_soon(_finish, future)
        return future


def _finish(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _fail(future: "asyncio.Future[None]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
