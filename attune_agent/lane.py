"""The lanes: each queue's head is admitted or told to wait, and the heads that may start share the host's slots round-robin.

Woken by changes of the Fifo, by an attempt that ends, by a policy and by the hour of a retry; it polls nothing and looks only at the
queue that changed. One queue's backlog never delays another's. It calls `attempt` for every start; step 6 of design §4.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Protocol

import structlog

from attune_agent.admission import Choice, choose
from attune_agent.fifo import Fifo
from attune_agent.policies import Policies
from attune_agent.state.records import Item, Phase, QueueKey
from attune_core.ports import Clock
from attune_core.wire.frames import QueueStatus, UnderWay

_log = structlog.get_logger(__name__)

#: Makes an attempt or goes on with one.
Way = Callable[[Item], Awaitable[None]]
#: Executions under way that are named of one queue.
_NAMED = 16
#: After a defect in our own code, its queue waits this long; seconds.
_AFTER_DEFECT = 30.0


class Maker(Protocol):
    """Makes attempts; `attempt.Attempts` is the real one."""

    async def make(self, item: Item) -> None:
        """Make the attempt of an execution in phase `preparing`."""
        ...

    async def resume(self, item: Item) -> None:
        """Go on with what an earlier life had asked for."""
        ...


class Lanes:
    """The scheduler of one host."""

    def __init__(
        self, *, fifo: Fifo, policies: Policies, attempts: Maker, clock: Clock, slots: int, closed: Callable[[], str] = lambda: ""
    ) -> None:
        """Take the parts; `closed` says why nothing may start now, "" when starts are allowed."""
        self._fifo = fifo
        self._policies = policies
        self._attempts = attempts
        self._clock = clock
        self.slots = slots
        self._closed = closed
        self._tasks: asyncio.TaskGroup | None = None
        self._under_way: dict[str, float] = {}  # and since when, by the wall clock
        self._dirty: dict[QueueKey, None] = {}  # changed and not yet looked at, in order
        self._ready: dict[QueueKey, None] = {}  # may start one, in the order of their turns
        self._alarms: dict[QueueKey, tuple[float, asyncio.Task[None]]] = {}
        self._scheduled = False

    @property
    def busy(self) -> int:
        """Slots in use."""
        return len(self._under_way)

    async def run(self) -> None:
        """Resume what was under way and start what may start, until cancelled; running actions are left to the executor then."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            self._fifo.changed = self.touch
            for item in list(self._fifo.items()):
                if item.active:
                    self._spawn(item, self._attempts.resume)
            self.touch_all()
            try:
                await asyncio.get_running_loop().create_future()  # for ever: the group needs a body that does not end
            finally:
                self._tasks = None  # nothing is begun any more while the group ends what is under way

    def touch(self, queue: QueueKey) -> None:
        """Look at a queue again, once, after what is happening now has happened."""
        self._dirty[queue] = None
        self._schedule()

    def touch_all(self) -> None:
        """Look at every queue again: policies changed, or starts are allowed again."""
        self._dirty.update(dict.fromkeys(self._fifo.queues()))
        self._schedule()

    def status(self, *, limit: int) -> tuple[QueueStatus, ...]:
        """Say of up to `limit` queues why their first waiting execution waits."""
        return tuple(self._status(queue, self._fifo.waiting(queue)) for queue in self._fifo.queues()[:limit])

    def _status(self, queue: QueueKey, waiting: Mapping[str, Item]) -> QueueStatus:
        first, choice = next(iter(waiting.values()), None), self._choose(queue)
        reason = f"a free slot ({self.busy} of {self.slots} busy)" if choice.execution else choice.waiting
        if first is not None and first.active and first.note:  # such as kill_failed
            reason = first.note
        under_way = [UnderWay(execution=one, since=self._under_way[one]) for one in waiting if one in self._under_way]
        return QueueStatus(
            queue=queue.name(),
            depth=len(waiting),
            waiting_for=reason[:200],
            head=next((one.execution for one in waiting.values() if not one.active), ""),
            until=0.0 if choice.until is None else self._clock.now() + max(choice.until - self._clock.monotonic(), 0.0),
            under_way=tuple(under_way[:_NAMED]),
        )

    def _schedule(self) -> None:
        if not self._scheduled and self._tasks is not None:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._scheduled = False
        if self._tasks is None:
            return
        dirty, self._dirty = self._dirty, {}
        for queue in dirty:
            self._look(queue)
        while self._ready and self.busy < self.slots:
            queue = next(iter(self._ready))
            del self._ready[queue]
            choice = self._choose(queue)
            item = self._fifo.item(choice.execution)
            if item is not None:
                item = replace(item, phase=Phase.PREPARING, note="", ready_at=0.0)
                self._fifo.replace(item)  # looks at the queue again, which then stands behind the others
                self._spawn(item, self._attempts.make)

    def _look(self, queue: QueueKey) -> None:
        choice = self._choose(queue)
        if choice.execution:
            self._ready.setdefault(queue)
        else:
            self._ready.pop(queue, None)
        self._set_alarm(queue, choice.until)

    def _choose(self, queue: QueueKey) -> Choice:
        waiting = self._fifo.waiting(queue)
        if not waiting:
            return Choice()
        limit = self._policies.of(next(iter(waiting.values()))).limit
        running = sum(1 for one in waiting.values() if one.active)
        choice = choose(waiting.values(), limit=limit, running=running, now=self._clock.monotonic(), closed=self._closed())
        # An earlier try of the same attempt may still be on its way out.
        return Choice(waiting="its last try is ending") if choice.execution in self._under_way else choice

    def _set_alarm(self, queue: QueueKey, until: float | None) -> None:
        before = self._alarms.get(queue)
        if before is not None and before[0] == until:
            return
        if before is not None:
            before[1].cancel()
            del self._alarms[queue]
        if until is not None and self._tasks is not None:
            self._alarms[queue] = (until, self._tasks.create_task(self._ring(queue, until)))

    async def _ring(self, queue: QueueKey, until: float) -> None:
        await self._clock.sleep(max(until - self._clock.monotonic(), 0.0))
        self._alarms.pop(queue, None)
        self.touch(queue)

    def _spawn(self, item: Item, way: Way) -> None:
        if self._tasks is not None:
            self._under_way[item.execution] = self._clock.now()
            self._tasks.create_task(self._attend(item, way))

    async def _attend(self, item: Item, way: Way) -> None:
        try:
            while True:
                try:
                    await way(item)
                    return
                except Exception:  # noqa: BLE001 - one execution's defect must not stop the others (reliability.md #20)
                    _log.exception("a defect in an attempt", execution=item.execution, attempt=item.attempt)
                current = self._fifo.item(item.execution)
                if current is None or current.phase in (Phase.WAITING, Phase.PREPARING):
                    self._hold_after_defect(current)
                    return
                # It may be running: it keeps its slot, and is attached to again.
                await self._clock.sleep(_AFTER_DEFECT)
                item, way = current, self._attempts.resume
        finally:
            self._under_way.pop(item.execution, None)
            self.touch(item.queue)

    def _hold_after_defect(self, item: Item | None) -> None:
        if item is not None:
            until = self._clock.monotonic() + _AFTER_DEFECT
            self._fifo.replace(replace(item, phase=Phase.WAITING, ready_at=until, note="a defect of the agent; see its log"))
