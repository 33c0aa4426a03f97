"""The lanes: each queue's head is admitted, told to wait or sent away, and the heads that may start share the host's slots round-robin.

Woken by changes of the Fifo, by an attempt that ends, by a policy and by the hour of a retry, a rate or a deadline; it polls nothing and
looks only at the queue that changed. One queue's backlog never delays another's. It calls `attempt` for every start and `withdrawals` for
what leaves; step 6 of design §4.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import structlog

from attune_agent.admission import Choice, choose
from attune_agent.alarms import Alarms
from attune_agent.buckets import Buckets
from attune_agent.deadlines import Deadlines
from attune_agent.fifo import Fifo
from attune_agent.policies import Policies
from attune_agent.slots import Slots
from attune_agent.state.records import Item, Phase, QueueKey
from attune_agent.turns import Turns
from attune_core.ports import Clock
from attune_core.states import Reason
from attune_core.wire.agent_frames import QueueStatus, UnderWay

_log = structlog.get_logger(__name__)

#: Executions under way that are named of one queue.
_NAMED = 16


class Maker(Protocol):
    """Makes attempts; `attempt.Attempts` is the real one."""

    async def make(self, item: Item) -> None:
        """Make the attempt of an execution in phase `preparing`."""
        ...

    async def resume(self, item: Item) -> None:
        """Go on with what an earlier life had asked for."""
        ...


class Remover(Protocol):
    """Ends what admission lets not start, or not go on; `withdrawals.Withdrawals` is the real one."""

    async def withdraw(self, execution: str, reason: Reason) -> None:
        """Settle it, or have it ended."""
        ...


class Lanes:
    """The scheduler of one host."""

    def __init__(
        self,
        *,
        fifo: Fifo,
        policies: Policies,
        buckets: Buckets,
        attempts: Maker,
        withdrawals: Remover,
        clock: Clock,
        slots: int,
        closed: Callable[[QueueKey], str] = lambda _queue: "",
    ) -> None:
        """Take the parts; `closed` says why nothing of a queue may start now, "" when starts are allowed."""
        self._fifo = fifo
        self._policies = policies
        self._buckets = buckets
        self._attempts = attempts
        self._withdrawals = withdrawals
        self._clock = clock
        self.slots = slots
        self._closed = closed
        self._tasks: asyncio.TaskGroup | None = None
        self._under_way = Slots(fifo=fifo, clock=clock, resume=attempts.resume, freed=self.touch)
        self._dirty: dict[QueueKey, None] = {}  # changed and not yet looked at, in order
        self._ready: OrderedDict[QueueKey, None] = OrderedDict()  # may start one, in the order of their turns
        self._turns = Turns()
        self._leaving: set[str] = set()
        self._deadlines = Deadlines(fifo, policies)
        self._alarms: Alarms[QueueKey | None] = Alarms(clock, self._rung)  # None: of the deadlines
        self._scheduled = False

    @property
    def busy(self) -> int:
        """Slots in use."""
        return len(self._under_way)

    async def run(self) -> None:
        """Resume what was under way and start what may start, until cancelled; running actions are left to the executor then."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            self._fifo.changed, self._fifo.appended = self.touch, self._deadlines.add
            for item in list(self._fifo.items()):
                if item.active:
                    self._under_way.take(item, self._attempts.resume, tasks)
            self.policies_changed()
            try:
                await asyncio.get_running_loop().create_future()  # for ever: the group needs a body that does not end
            finally:
                self._tasks = None  # nothing is begun any more while the group ends what is under way

    def touch(self, queue: QueueKey) -> None:
        """Look at a queue again, once, after what is happening now has happened."""
        self._dirty[queue] = None
        self._schedule()

    def touch_all(self) -> None:
        """Look at every queue again: starts are allowed again, or not any more."""
        self._dirty.update(dict.fromkeys(self._fifo.queues()))
        self._schedule()

    def policies_changed(self) -> None:
        """Look at every queue again, by other policies."""
        self._deadlines.renew()
        self._buckets.follow(self._policies.rate)
        self.touch_all()

    def status(self, *, limit: int) -> tuple[QueueStatus, ...]:
        """Say of up to `limit` queues why their first waiting execution waits."""
        return tuple(self._status(queue, self._fifo.waiting(queue)) for queue in self._fifo.queues()[:limit])

    def _status(self, queue: QueueKey, waiting: Mapping[str, Item]) -> QueueStatus:
        first, choice = next(iter(waiting.values()), None), self._choose(queue)
        reason = f"a free slot ({self.busy} of {self.slots} busy)" if choice.execution else choice.waiting
        if first is not None and first.active and first.note:  # such as kill_failed
            reason = first.note
        under_way = [UnderWay(execution=one, since=self._under_way.since(one)) for one in waiting if one in self._under_way]
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
        for late in self._deadlines.due(self._clock.monotonic()):
            self._withdraw(late, Reason.EXPIRED, self._tasks)
        self._alarms.set(None, self._deadlines.next(), self._tasks)
        dirty, self._dirty = self._dirty, {}
        for queue in dirty:
            self._look(queue, self._tasks)
        while self._ready and self.busy < self.slots:
            queue, _ = self._ready.popitem(last=False)
            if (item := self._fifo.item(self._choose(queue).execution)) is not None:
                self._start(item, self._tasks)
            else:  # another queue has taken the last token of their rate
                self._look(queue, self._tasks)

    def _look(self, queue: QueueKey, tasks: asyncio.TaskGroup) -> None:
        choice = self._choose(queue)
        if choice.execution:
            self._ready.setdefault(queue)
        else:
            self._ready.pop(queue, None)
        self._alarms.set(queue, self._alarm(queue, choice), tasks)
        for one in choice.leaving:
            self._withdraw(self._fifo.waiting(queue)[one.execution], one.reason, tasks)

    def _alarm(self, queue: QueueKey, choice: Choice) -> float | None:
        """Return when to look at a queue again: where many wait for one bucket, only the first of them looks at the clock."""
        if choice.bucket is not None:
            self._wake(self._turns.wait(queue, choice.bucket))
            return choice.until if self._turns.first(queue) else choice.alarm
        if not choice.execution:  # one that may start keeps its turn until it has taken its token
            self._wake(self._turns.leave(queue))
        return choice.until

    def _wake(self, queue: QueueKey | None) -> None:
        if queue is not None:
            self.touch(queue)

    def _start(self, item: Item, tasks: asyncio.TaskGroup) -> None:
        self._wake(self._turns.leave(item.queue))
        rate = self._policies.of(item).rate
        token = self._buckets.take(item.bucket, rate) if rate is not None else None
        item = replace(item, phase=Phase.PREPARING, note="", ready_at=0.0, token=token)
        self._fifo.replace(item)  # looks at the queue again, which then stands behind the others
        self._under_way.take(item, self._attempts.make, tasks)

    def _choose(self, queue: QueueKey) -> Choice:
        waiting = self._fifo.waiting(queue)
        if not waiting:
            return Choice()
        choice = choose(
            waiting.values(),
            policy=self._policies.of(next(iter(waiting.values()))),
            running=self._fifo.active(queue),
            now=self._clock.monotonic(),
            closed=self._closed(queue),
            full_at=self._buckets.full_at,
        )
        # An earlier try of the same attempt may still be on its way out.
        trying = choice.execution in self._under_way
        return replace(choice, execution="", waiting="its last try is ending") if trying else choice

    def _rung(self, queue: QueueKey | None) -> None:
        self._wake(queue)
        self._schedule()

    def _withdraw(self, item: Item, reason: Reason, tasks: asyncio.TaskGroup) -> None:
        if item.execution not in self._leaving:
            self._leaving.add(item.execution)
            tasks.create_task(self._see_off(item, reason))

    async def _see_off(self, item: Item, reason: Reason) -> None:
        try:
            await self._withdrawals.withdraw(item.execution, reason)
        except Exception:  # noqa: BLE001 - as in `slots`; it is not tried again in this life
            _log.exception("a defect in a withdrawal", execution=item.execution, reason=reason.value)
            return
        self._leaving.discard(item.execution)
        self.touch(item.queue)
