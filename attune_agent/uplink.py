"""The uplink: one session after the other with the controller, each a hello, a stream and POSTs; what one leaves the next sends again.

Run by `app`. Frames go on to `dispatching`, what is to be said comes from `posting`; bytes travel through the Link port.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from attune_agent.contact import Contact
from attune_agent.dispatching import Dispatching, LogReader
from attune_agent.errors import ControllerUntrusted, LifeOver, SessionEnded, SessionRefused
from attune_agent.fifo import Fifo
from attune_agent.inbox import Inbox
from attune_agent.inventory import pages
from attune_agent.lines import Lines
from attune_agent.link_port import Link
from attune_agent.marks import Marks
from attune_agent.outbox import Outbox
from attune_agent.posting import Posting
from attune_agent.sensors.port import SensorList
from attune_agent.state.port import AgentState
from attune_core.errors import AttuneError
from attune_core.failpoints import failpoint
from attune_core.ports import Clock, Random
from attune_core.version import VERSION
from attune_core.wire.agent_frames import Status
from attune_core.wire.session import FRAME_LIMIT, PING_INTERVAL, HeldQueue, Hello, Welcome

_log = structlog.get_logger(__name__)

#: Bounds of the pause before the next hello, seconds; full jitter in between.
_PAUSE, _PAUSE_MOST = 0.5, 30.0
#: The status goes with other frames at most so often, and alone before the controller would call it silence. Seconds; part of a ping.
_STATUS_WITH, _STATUS_ALONE = 1.0, 0.8
#: From one POST to the next under load, seconds: what gathers goes together, for a POST costs both sides as much as an action's start.
#: After a rest so many POSTs need no space, so that what a lone event leads to is said at once.
_SPACE, _UNSPACED = 0.05, 4


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a hello says that does not change while the program runs."""

    instance: str
    boot_id: str
    slots: int
    labels: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


class Uplink:
    """Keeps a session open whenever it can be had."""

    def __init__(
        self,
        *,
        link: Link,
        identity: Identity,
        previous: str,
        fifo: Fifo,
        inbox: Inbox,
        outbox: Outbox,
        state: AgentState,
        contact: Contact,
        marks: Marks,
        logs: LogReader,
        sensors: SensorList,
        status: Callable[[], Status],
        changed: Callable[[], None],
        clock: Clock,
        random: Random,
    ) -> None:
        """Take the parts; `previous` is the stored name of the last session, `changed` is told when a session begins or ends."""
        self._link = link
        self._identity = identity
        self._previous = previous
        self._fifo = fifo
        self._inbox = inbox
        self._outbox = outbox
        self._state = state
        self._contact = contact
        self._marks = marks
        self._logs = logs
        self._sensors = sensors
        self._status = status
        self._changed = changed
        self._clock = clock
        self._random = random
        self._explained = ""
        self._ping = PING_INTERVAL

    async def run(self) -> None:
        """Say hello, keep the session, and begin anew with jitter, until cancelled."""
        tries = 0
        while True:
            began = self._clock.monotonic()
            try:
                await self._session()
            except AttuneError as error:
                if isinstance(error, LifeOver):
                    self._contact.forgotten = True
                    self._changed()
                self._explain(error)
            except Exception:  # noqa: BLE001 - a defect must cost a session and not what runs here; it is said with all we know
                _log.exception("a defect ended the session")
            if self._contact.connected:
                self._contact.ended()
                self._changed()
            # One that lasted for a ping was a good one: the pauses begin anew.
            tries = 0 if self._clock.monotonic() - began > self._ping else tries + 1
            await self._clock.sleep(self._random.uniform(0.0, min(_PAUSE * 2.0 ** min(tries, 16), _PAUSE_MOST)))

    async def _session(self) -> None:
        welcome = await self._link.hello(self._hello())
        # Before the stream is opened: a copy of this directory, made earlier, cannot name this session.
        await self._state.set_session(welcome.session)
        self._previous, self._ping = welcome.session, welcome.ping_interval
        if welcome.inventory:
            await self._say_what_is_held(welcome)
        posting = Posting(self._outbox, self._status, self._sensors.begin_session(welcome.sensors))
        self._inbox.acknowledge = posting.acknowledge
        self._outbox.filled = self._sensors.filled = posting.wake
        self._marks.followed = self._sensors.changed = posting.say_status
        self._inbox.activate(welcome.revision, welcome.policies)
        self._marks.follow(paused=welcome.paused, draining=welcome.draining)
        self._marks.hold(welcome.holds)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._inbox.failed = lambda error: _fail(tasks, error)
                tasks.create_task(self._read(welcome, posting, tasks))
                tasks.create_task(self._post(welcome, posting))
        except BaseExceptionGroup as group:
            raise _first(group) from group
        finally:
            self._inbox.disconnect()
            self._outbox.filled = self._marks.followed = self._sensors.filled = self._sensors.changed = _nobody

    async def _say_what_is_held(self, welcome: Welcome) -> None:
        """The controller was restored from a backup, so it may know less than this agent; it hands over nothing before it has heard."""
        _log.warning("the controller was restored from a backup", incarnation=welcome.incarnation, in_hand=len(self._fifo))
        async for page in pages(self._fifo, self._state, self._outbox):
            await self._link.inventory(welcome.session, page)

    def _hello(self) -> Hello:
        return Hello(
            instance=self._identity.instance,
            boot_id=self._identity.boot_id,
            previous=self._previous,
            version=VERSION,
            labels=dict(self._identity.labels),
            facts=dict(self._identity.facts),
            slots=self._identity.slots,
            queues=tuple(HeldQueue(queue=one.queue.name(), epoch=one.epoch, last=one.last) for one in self._inbox.held()),
            running=tuple(item.execution for item in self._fifo.items() if item.ever_started),
            sensors=True,
            too_fast=True,
        )

    async def _read(self, welcome: Welcome, posting: Posting, tasks: asyncio.TaskGroup) -> None:
        """Take the stream's frames until it ends or is silent for three pings."""
        dispatching = Dispatching(
            inbox=self._inbox, marks=self._marks, logs=self._logs, sensors=self._sensors, answer=posting.answer, spawn=tasks.create_task
        )
        lines, silence = Lines(FRAME_LIMIT), 3 * welcome.ping_interval
        async with self._link.stream(welcome.session) as chunks:
            _log.info("session opened", session=welcome.session, name=welcome.name, revision=welcome.revision)
            self._explained = ""
            self._contact.opened()
            self._changed()
            posting.wake()
            while True:
                try:
                    async with asyncio.timeout(silence):
                        chunk = await anext(chunks, None)
                except TimeoutError as error:
                    raise SessionEnded(f"nothing was heard of the controller for {silence:g} s") from error
                if chunk is None:
                    raise SessionEnded("the controller ended the stream")
                self._contact.heard()
                dispatching.take(lines.feed(chunk))

    async def _post(self, welcome: Welcome, posting: Posting) -> None:
        """Send what gathers, at once after a rest; the status in between and as the sign of life."""
        said_at, alone, said_empty = float("-inf"), _STATUS_ALONE * welcome.ping_interval, False
        patience, spaced = alone, float("-inf")
        while True:
            try:
                async with asyncio.timeout(max(said_at + patience - self._clock.monotonic(), 0.0) if said_at > 0 else None):
                    await posting.filled()
            except TimeoutError:
                pass  # nothing was to be said for a while: say that we are here
            silent = self._clock.monotonic() - said_at
            empty = self._marks.draining is not None and not len(self._fifo)  # somebody waits for that
            with_status = posting.status_due or empty > said_empty or silent >= min(alone, _STATUS_WITH)
            body = posting.take(with_status=with_status)
            began = self._clock.monotonic()
            # What was said without a status has changed something that people may ask about, so that it follows soon.
            patience = min(alone, _STATUS_WITH) if body and not with_status else alone
            if with_status:
                said_at, said_empty = began, empty
            if not body:
                continue
            stored = await self._link.post(welcome.session, body)
            failpoint("a10")
            if not posting.stored(stored):
                raise SessionEnded("the controller did not store all of what it answered")
            spaced = max(spaced, began - _UNSPACED * _SPACE) + _SPACE
            await self._clock.sleep(max(spaced - self._clock.monotonic(), 0.0))

    def _explain(self, error: AttuneError) -> None:
        """Log why there is no session: once with the remedy, then in a word, and not at all for what only a person can change."""
        lasting = isinstance(error, ControllerUntrusted | SessionRefused)
        trouble = error.code if lasting else str(error)
        if trouble != self._explained:
            self._explained = trouble
            _log.warning("no session with the controller", error=str(error), remedy=error.hint)
        elif not lasting:
            _log.info("no session yet", error=str(error))


def _nobody() -> None:
    """Nobody sends now."""


def _fail(tasks: asyncio.TaskGroup, error: Exception) -> None:
    async def fail() -> None:
        raise error

    failing = fail()
    try:
        tasks.create_task(failing)
    except RuntimeError:  # the group is ending already, for a reason of its own
        failing.close()


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return what ended the session: a defect before anything that can be explained."""
    leaves: list[BaseException] = []
    waiting: list[BaseException] = [group]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseExceptionGroup):
            waiting.extend(one.exceptions)
        else:
            leaves.append(one)
    defects = [one for one in leaves if not isinstance(one, AttuneError)]
    return (defects or leaves)[0]
