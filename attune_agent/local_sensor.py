"""One run of a sensor on this machine without a controller: the agent's own preparation and lines, heard as they come.

Called by `attune sensor run --local`, which starts an executor of its own before and stops it, and so the sensor, afterwards.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from attune_agent.app import environments_of, sensor_preparation_of
from attune_agent.executor.log_files import read_window
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import SpoolBounds
from attune_agent.host_settings import HostSettings
from attune_agent.layout import Layout
from attune_agent.packs.packs import Packs
from attune_agent.sensors.ends import why_ended
from attune_agent.sensors.feed import MOST_READ
from attune_agent.sensors.line_meaning import Meaning, meaning_of
from attune_agent.sensors.line_splitting import LineSplitter
from attune_agent.sensors.preparation import SensorStart
from attune_agent.sensors.process import Processes
from attune_agent.sensors.runs import SEGMENT
from attune_agent.sensors.spool_files import SpoolFiles
from attune_core.ids import uuid7
from attune_core.ports import SystemClock, SystemRandom
from attune_core.wire.sensors import SensorAssignment

#: Seconds between two looks at what it printed.
_ROUND = 0.05
#: Segments that may wait; they are let go of as they are heard.
_SEGMENTS = 4
#: Told where a line starts and what it means, and what the sensor wrote to stderr.
Hear = Callable[[str, Meaning], None]
Log = Callable[[bytes], None]


async def run_sensor_locally(
    layout: Layout, settings: HostSettings, assignment: SensorAssignment, archive: bytes, *, hear: Hear, log: Log
) -> str:
    """Run it once, to its end, and return what was wrong with that; `hear` is given an id for each line, as an event without one gets.

    `archive` is the pack that `assignment.digest` names; `layout.run` is that of a running executor.
    """
    clock, run = SystemClock(), uuid7(SystemClock(), SystemRandom())
    async with ExecutorLink(layout.run) as host:
        packs = Packs(layout.packs, download=lambda _digest: _once(archive))
        environments = environments_of(layout, settings, host=host, clock=clock)
        processes = Processes(host, clock, environments.store.release)
        preparation = sensor_preparation_of(layout, settings, packs=packs, environments=environments)
        greeting = await processes.greeting()
        bounds = SpoolBounds(segment=SEGMENT, segments=_SEGMENTS)
        prepared = await preparation.prepare(SensorStart(assignment=assignment, run=run, state=None, spool=bounds, lease=None))
        processes.check(greeting, prepared)
        await processes.start(replace(prepared.request, state_id=greeting.state_id))
        heard = _Heard(layout, run, poll=assignment.mode == "poll", hear=hear, log=log)
        waiting = asyncio.create_task(processes.wait(run))
        try:
            while not waiting.done():
                await asyncio.wait({waiting}, timeout=_ROUND)
                if before := heard.look():
                    await processes.trim(run, before)
            heard.end()
            ended = waiting.result()
            return "the executor does not know it any more" if ended is None else why_ended(ended, poll=assignment.mode == "poll")
        finally:
            waiting.cancel()


class _Heard:
    """What was read of one run's streams."""

    def __init__(self, layout: Layout, run: str, *, poll: bool, hear: Hear, log: Log) -> None:
        self._layout, self._run, self._poll, self._hear, self._log = layout, run, poll, hear, log
        self._spool, self._splitter = SpoolFiles(layout.spools / run, SEGMENT), LineSplitter(0)
        self._logged = self._trimmed = 0

    def look(self) -> int:
        """Hear what is new; return up to where a whole segment more is done with, 0 when there is none."""
        self._look_at_log()
        while chunk := self._spool.read(self._splitter.read_to, MOST_READ):
            for line in self._splitter.feed(chunk):
                self._hear(f"{self._run}:{line.start}", meaning_of(line, poll=self._poll))
        done = self._splitter.boundary // SEGMENT * SEGMENT
        if done <= self._trimmed:
            return 0
        self._trimmed = done
        return done

    def end(self) -> None:
        """Hear the rest, now that no more will come."""
        self.look()
        if (line := self._splitter.rest()) is not None:
            self._hear(f"{self._run}:{line.start}", meaning_of(line, poll=self._poll))

    def _look_at_log(self) -> None:
        for place in self._layout.logs.rglob(f"{self._run}/1"):
            while (window := read_window(place, "stderr", self._logged, MOST_READ)).data:
                self._log(window.data)
                self._logged = window.offset + len(window.data)


async def _once(archive: bytes) -> AsyncIterator[bytes]:
    yield archive
