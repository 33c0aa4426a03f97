"""One sensor on this host: its program kept running as `supervision` decides, its lines read, what is done with let go.

Made by `sensors`, one for each that is assigned or has left something to send. Everything that lasts is done beside the loop, so that lines
go on being read while an environment is built or a process takes its time to end.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import Protocol

import structlog

from attune_agent.contact import Contact
from attune_agent.errors import PolicyDenied, StateUnwritable
from attune_agent.host import Ended
from attune_agent.results import for_people
from attune_agent.sensors.ends import why_ended
from attune_agent.sensors.feed import Feed, Found
from attune_agent.sensors.poll_result import poll_result
from attune_agent.sensors.preparation import PreparedSensor, SensorStart
from attune_agent.sensors.process import Processes
from attune_agent.sensors.runs import SEGMENT, Runs
from attune_agent.sensors.supervision import Stop, Supervision, Wait, lease
from attune_agent.state.sensor_port import SensorState
from attune_agent.state.sensor_records import Poll, SensorRun
from attune_core.errors import AttuneError
from attune_core.failpoints import failpoint
from attune_core.ids import uuid7
from attune_core.ports import Clock, Random
from attune_core.wire.sensors import ERROR_LIMIT, SensorAssignment, SensorStatus

_log = structlog.get_logger(__name__)

#: Seconds between two tries to write to a full disk.
_DISK_PAUSE = 1.0
#: Seconds without reading after lines that were no events, and between two words about a condition that changes all the time.
_SLOW, _SAID_EVERY = 0.1, 1.0
_UNKNOWN = "the executor does not know it any more"


class Preparation(Protocol):
    """Makes the request of a start; `preparation.SensorPreparation` is the real one."""

    async def prepare(self, start: SensorStart) -> PreparedSensor:
        """Return it; its errors are those of `preparation_errors`, `PolicyDenied` and `InputUnwritable`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What every sensor of a host has in common."""

    processes: Processes
    state: SensorState
    preparation: Preparation
    contact: Contact
    clock: Clock
    random: Random
    #: The directory of all spools, and the bytes that may wait of one sensor.
    spools: Path
    spool: int
    #: Told when there are events to send, and when the condition of a sensor is another.
    filled: Callable[[], None]
    changed: Callable[[], None]


class Sensor:
    """Its supervision, its runs, and the tasks around them."""

    def __init__(
        self, name: str, around: Surroundings, *, assignment: SensorAssignment | None, runs: Sequence[SensorRun], poll: Poll
    ) -> None:
        """Begin with what is stored."""
        self.name = name
        self._around = around
        self._poll = poll
        clock = around.clock
        rest = 0.0
        if assignment is not None and assignment.every is not None and poll.began:
            rest = min(max(poll.began + assignment.every - clock.now(), 0.0), assignment.every)
        self.supervision = Supervision(assignment, clock.monotonic() + rest)
        self.runs = Runs(runs, spools=around.spools, spool=around.spool, now=clock.now)
        self.runs.moved = self.wake
        self._wake = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        #: Of which run what offset is stored, and before which segment its spool is trimmed.
        self._stored: tuple[str, int] = ("", 0)
        self._trimmed = 0
        self._events = 0
        #: No line is read before this time.
        self._slow_until = 0.0
        self._run = runs[-1].run if runs else ""
        self._state, self._since = self.supervision.state(full=False), clock.now()

    async def run(self) -> None:
        """Go on until it is no longer assigned, no process of it is left and everything that it printed is done with."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for run in self.runs.unended():
                self._take_up(run)  # before anything is decided: what runs already is not started
                tasks.create_task(self._follow(run, self._around.clock.now()))
            while not (self.supervision.assignment is None and self.supervision.idle and not len(self.runs)):
                await self._tend()
                until = self._act(tasks)
                self._note_state()
                await self._woken(min(until, self._slow_until) if self._slow_until > self._around.clock.monotonic() else until)

    def wake(self) -> None:
        """Look at everything again."""
        self._wake.set()

    def reassign(self, assignment: SensorAssignment | None, refusal: str) -> None:
        """Take what it is to be now, and why this host does not run it."""
        self.supervision.reassign(assignment, self._around.clock.monotonic())
        self.supervision.refusal = refusal
        if refusal:
            self.supervision.last_error = refusal
        self.wake()

    def give_up(self, why: str) -> None:
        """Be looked after no more in this life of the agent."""
        self.supervision.refusal = self.supervision.last_error = why
        self._note_state()

    def look(self) -> None:
        """Look whether its program has printed something."""
        feed = self.runs.current
        if feed is None or feed.look() == feed.seen:
            return
        feed.seen = feed.total
        if feed is not self.runs.oldest or not feed.room:  # it cannot be read yet, and so not be told whether it is whole lines
            self.supervision.heard(self._around.clock.monotonic())
        self.wake()

    async def renew(self) -> None:
        """Let a process that another agent may take over run on for as long as that cannot be."""
        assignment, feed = self.supervision.assignment, self.runs.current
        if assignment is not None and feed is not None and (left := lease(assignment, self._around.contact.silent)):
            await self._around.processes.renew(feed.run.run, left)

    def status(self) -> SensorStatus:
        """Return how it is."""
        supervision = self.supervision
        return SensorStatus(
            sensor=self.name,
            state=self._state,
            since=self._since,
            events=self._events,
            errors=supervision.errors,
            restarts=supervision.restarts,
            last_error=supervision.last_error[:ERROR_LIMIT],
            run=self._run,
        )

    def _act(self, tasks: asyncio.TaskGroup) -> float:
        """Carry out what the supervision decides; return when it is to be asked again."""
        now, supervision = self._around.clock.monotonic(), self.supervision
        step = supervision.step(now, closed=self._closed(), full=self.runs.full)
        if isinstance(step, Wait):
            return step.until
        if isinstance(step, Stop) and self.runs.current is not None:
            supervision.stopping(step.why)
            tasks.create_task(self._around.processes.stop(self.runs.current.run.run))
        elif supervision.assignment is not None:
            supervision.starting(now)
            tasks.create_task(self._start(supervision.assignment))
        return inf

    def _closed(self) -> str:
        contact, assignment = self._around.contact, self.supervision.assignment
        if contact.forgotten:
            return "the controller has given this agent up"
        if assignment is not None and lease(assignment, contact.silent) == 0.0:
            return "the controller was not heard for so long that another agent may run it"
        return ""

    async def _woken(self, until: float) -> None:
        """Wait for something to happen, or for a time."""
        seconds = until - self._around.clock.monotonic()
        waiting: list[asyncio.Future[object]] = [asyncio.ensure_future(self._wake.wait())]
        if seconds < inf:
            waiting.append(asyncio.ensure_future(self._around.clock.sleep(max(seconds, 0.0))))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        self._wake.clear()

    def _note_state(self) -> None:
        state = self.supervision.state(full=self.runs.full)
        if state != self._state:
            now = self._around.clock.now()
            self._state, before, self._since = state, self._since, now
            if abs(now - before) >= _SAID_EVERY:  # sooner it is said with the next status
                self._around.changed()

    async def _start(self, assignment: SensorAssignment) -> None:
        """Have a process started, or say why there is none."""
        around, run = self._around, uuid7(self._around.clock, self._around.random)
        started = None
        try:
            greeting = await around.processes.greeting()
            prepared = await around.preparation.prepare(
                SensorStart(
                    assignment=assignment,
                    run=run,
                    state=json.loads(self._poll.state) if self._poll.state else None,
                    spool=self.runs.bounds(),
                    lease=lease(assignment, around.contact.silent),
                )
            )
            around.processes.check(greeting, prepared)
            new = SensorRun(
                run=run,
                sensor=self.name,
                fingerprint=assignment.fingerprint,
                state_id=greeting.state_id,
                poll=assignment.mode == "poll",
                digest=assignment.digest,
            )
            await around.state.begin(new)
            started = new
            self.runs.begin(new)
            failpoint("s1")
            began = around.clock.now()
            await around.processes.start(replace(prepared.request, state_id=greeting.state_id))
        except AttuneError as error:
            await self._not_started(run, started, error)
            return
        except Exception:  # noqa: BLE001 - the boundary: a defect, said in the log, is one more reason to try again later
            _log.exception("a defect hindered the start of a sensor", sensor=self.name)
            await self._not_started(run, started, AttuneError("a defect of Attune; the agent's log has it"))
            return
        self._run = run
        self.supervision.running(around.clock.monotonic())
        self.wake()
        await self._follow(new, began)

    async def _not_started(self, run: str, started: SensorRun | None, error: AttuneError) -> None:
        if started is not None:
            await self._let_go(started)
        await self._around.processes.done_with(run)
        said = for_people(f"{error.code} {error.message}")
        if isinstance(error, PolicyDenied):
            self.supervision.refusal = said
        _log.warning("a sensor could not be started", sensor=self.name, code=error.code, error=for_people(error.message))
        self.supervision.not_started(self._around.clock.monotonic(), said, jitter=self._jitter())
        self.wake()

    def _take_up(self, run: SensorRun) -> None:
        """Go on with a process that an earlier life of this agent had started."""
        self.runs.begin(run)
        self.supervision.running(self._around.clock.monotonic(), run.fingerprint)
        failpoint("s2")

    async def _follow(self, run: SensorRun, began: float) -> None:
        """Wait for its end, and store what it comes to."""
        ended = await self._around.processes.wait(run.run)
        failpoint("s3")
        error = _UNKNOWN if ended is None else for_people(why_ended(ended, poll=run.poll))
        length = self.runs.size_of(run)
        if run.poll:
            await self._end_poll(run, length, error, began)
        else:
            await self._written(partial(self._around.state.end, run.run, length))
            self.runs.ended(run, length)
        failpoint("s4")
        await self._around.processes.done_with(run.run)
        self._log_end(run, ended, error)
        self.supervision.ended(self._around.clock.monotonic(), error, jitter=self._jitter())
        self.wake()

    async def _end_poll(self, run: SensorRun, length: int, error: str, began: float) -> None:
        """Take all of what a poll found and returned, or nothing."""
        if error:
            await self._let_go(run)
            return
        result = await poll_result(self.runs.spool_of(run), length)
        if result.wrong:
            self.supervision.wrong(for_people(result.last_wrong), result.wrong)
        if result.failed:
            await self._let_go(run)
            return
        self._poll = Poll(state=self._poll.state if result.state is None else result.state, began=began)
        if result.events:
            await self._written(partial(self._around.state.end, run.run, length, self._poll))
            self.runs.ended(run, length)
        else:
            await self._let_go(run, self._poll)

    async def _tend(self) -> None:
        """Read what may be read, and let go of what is done with."""
        while (feed := self.runs.oldest) is not None:
            while self._around.clock.monotonic() >= self._slow_until and (found := feed.fill()) is not None:
                self._hear(feed, found)
                await asyncio.sleep(0)  # one that floods is no reason to let everybody else wait
            if feed.sent < len(feed.pending):
                self._around.filled()
            if not feed.finished:
                await self._advance(feed)
                return
            await self._let_go(feed.run)

    def _hear(self, feed: Feed, found: Found) -> None:
        self._events += found.events
        if found.lines and feed is self.runs.current:
            self.supervision.heard(self._around.clock.monotonic())
        if found.wrong and not feed.run.poll:
            self.supervision.wrong(for_people(found.last_wrong), found.wrong)
        if found.idle:
            self._slow_until = self._around.clock.monotonic() + _SLOW

    async def _advance(self, feed: Feed) -> None:
        """Store what is done with, and trim the spool to it, in this order: what is trimmed cannot be read again.

        What cannot be stored or trimmed now is tried again with the next look, of which there is one every few seconds.
        """
        run, done = feed.run.run, feed.done
        if self._stored[0] != run:
            self._stored, self._trimmed = (run, feed.run.offset), feed.run.offset // SEGMENT
        if done != self._stored[1]:
            stored = self._around.state.advance(run, done, skipping=feed.skipping)
            if done // SEGMENT == self._trimmed:
                stored.add_done_callback(_heard)
            else:
                try:
                    await stored
                except StateUnwritable as error:
                    _log.warning("what of a sensor is done with is not on disk", sensor=self.name, error=str(error))
                    return
            self._stored = (run, done)
        if done // SEGMENT > self._trimmed:
            failpoint("s5")
            if await self._around.processes.trim(run, done // SEGMENT):
                self._trimmed = done // SEGMENT

    async def _let_go(self, run: SensorRun, poll: Poll | None = None) -> None:
        await self._written(partial(self._around.state.drop, run.run, poll))
        self.runs.remove(run)
        failpoint("s6")
        if self._tasks is not None:
            self._tasks.create_task(self._around.processes.unspool(run.run))

    async def _written(self, write: Callable[[], "asyncio.Future[None]"]) -> None:
        """Write until it is on disk: a full one is no reason to forget what happened."""
        while True:
            try:
                await write()
            except StateUnwritable as error:
                _log.warning("a sensor's run is not on disk yet", sensor=self.name, error=str(error))
                await self._around.clock.sleep(_DISK_PAUSE)
            else:
                return

    def _log_end(self, run: SensorRun, ended: Ended | None, error: str) -> None:
        lasted = round(ended.duration, 1) if ended is not None else None
        if error:
            _log.info("a sensor's process ended", sensor=self.name, run=run.run, why=error, seconds=lasted)

    def _jitter(self) -> float:
        return self._around.random.uniform(0.0, 1.0)


def _heard(done: "asyncio.Future[None]") -> None:
    """One that failed costs that lines are read and sent again after a crash, with the same ids."""
    if not done.cancelled() and (error := done.exception()) is not None:
        _log.warning("what of a sensor is done with is not on disk", error=str(error))
