"""What the controller sends becomes durable here: assignments in their order, cancellations, policies; step 5 of design §4.

Called by the uplink with frames in the order of the stream. An assignment is appended only if its `after` is the last that is held of
its queue and epoch, committed, and only then acknowledged; what is there already is acknowledged again, a gap is refused.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from enum import Enum, auto
from typing import Protocol

import structlog

from attune_agent.errors import FrameRefused
from attune_agent.fifo import Fifo
from attune_agent.ledger import Ledger
from attune_agent.policies import Policies
from attune_agent.state.port import AgentState
from attune_agent.state.records import Held, Item, QueueKey
from attune_core.failpoints import failpoint
from attune_core.states import Reason
from attune_core.wire.assignment import Assign, Policy

_log = structlog.get_logger(__name__)

#: Cancellations kept for executions that are not in hand yet.
_AHEAD = 10_000


class Verdict(Enum):
    """What an assignment is to its queue."""

    NEXT = auto()
    REPEATED = auto()
    REFUSED = auto()  # a gap, or of an epoch that is over


def judge(assign: Assign, *, last: int, epoch: int) -> Verdict:
    """Compare an assignment with the last sequence held of its queue and epoch, and the queue's highest epoch."""
    if assign.sequence <= last:
        return Verdict.REPEATED
    if assign.after != last or assign.epoch < epoch:
        return Verdict.REFUSED
    return Verdict.NEXT


class Canceller(Protocol):
    """Ends executions; `withdrawals.Withdrawals` is the real one."""

    async def cancel(self, execution: str, reason: Reason) -> bool:
        """Settle or stop it; False when it is not in hand."""
        ...

    async def requeue(self, execution: str) -> None:
        """Give it back if it has not started."""
        ...

    def abandon(self, item: Item) -> None:
        """Let go of one that could not be stored, without a word: it comes again."""
        ...


class Inbox:
    """The only way into the queues."""

    def __init__(
        self,
        *,
        fifo: Fifo,
        ledger: Ledger,
        state: AgentState,
        policies: Policies,
        withdrawals: Canceller,
        spawn: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        """Take the parts; `spawn` runs a cancellation beside the stream, outliving the session."""
        self._fifo = fifo
        self._ledger = ledger
        self._state = state
        self._policies = policies
        self._withdrawals = withdrawals
        self._spawn = spawn
        self._durable: dict[tuple[QueueKey, int], int] = {(one.queue, one.epoch): one.last for one in fifo.held()}
        self._ahead: dict[str, Reason] = {}
        #: Told what to acknowledge: the last durable sequence of a queue and epoch.
        self.acknowledge: Callable[[Held], None] = _nobody
        #: Told that the disk refuses; what was not stored must be sent again in a new session.
        self.failed: Callable[[Exception], None] = _nobody
        #: Told that policies changed.
        self.policies_changed: Callable[[], None] = _nobody_at_all

    def disconnect(self) -> None:
        """The session is over: what becomes durable now is said by the next hello."""
        self.acknowledge = self.failed = _nobody

    def held(self) -> Sequence[Held]:
        """Return what is durable of every queue and epoch, for the hello."""
        return [Held(queue=queue, epoch=epoch, last=last) for (queue, epoch), last in self._durable.items()]

    def assign(self, assigns: Sequence[Assign]) -> None:
        """Take assignments in the order they came; returns at once, acknowledges after the commit."""
        fresh: dict[str, Assign] = {}
        lasts: dict[tuple[QueueKey, int], int] = {}
        epochs: dict[QueueKey, int] = {}
        for assign in assigns:
            queue = QueueKey.of(assign.queue)
            place = (queue, assign.epoch)
            last = lasts.get(place, self._fifo.last(*place))
            verdict = judge(assign, last=last, epoch=epochs.get(queue, self._fifo.epoch(queue)))
            if verdict is not Verdict.NEXT:
                self.acknowledge(self._durable_of(place))
                continue
            if assign.execution in fresh or self._fifo.item(assign.execution) is not None:
                raise FrameRefused(f"execution {assign.execution} was assigned twice, under two positions")
            lasts[place], epochs[queue] = assign.sequence, assign.epoch
            fresh[assign.execution] = assign
        if fresh:
            failpoint("a1")
            written = self._ledger.assigned(list(fresh.values()))
            written.add_done_callback(lambda done: self._written(done, list(fresh.values()), lasts))

    def cancel(self, execution: str, reason: Reason) -> None:
        """End it, now or as soon as it is assigned; the report of that is the answer."""
        self._spawn(self._cancel(execution, reason))

    def requeue(self, execution: str) -> None:
        """Give it back for a new place if it has not started; one that is not in hand is left alone: the controller knows it or will."""
        self._spawn(self._requeue(execution))

    def activate(self, revision: str, policies: Mapping[str, Policy]) -> None:
        """Follow a revision's policies from now on."""
        if not self._policies.replace(revision, policies):
            return
        stored = self._state.set_policies(revision, policies)
        stored.add_done_callback(_warn)  # they come again with the next welcome
        self.policies_changed()

    async def _cancel(self, execution: str, reason: Reason) -> None:
        try:
            if await self._withdrawals.cancel(execution, reason):
                return
        except Exception:  # noqa: BLE001 - a defect here must not end the agent; the controller repeats the frame in the next session
            _log.exception("a defect in a cancellation", execution=execution)
            return
        if len(self._ahead) >= _AHEAD:
            del self._ahead[next(iter(self._ahead))]
        self._ahead[execution] = reason

    async def _requeue(self, execution: str) -> None:
        try:
            await self._withdrawals.requeue(execution)
        except Exception:  # noqa: BLE001 - as in `_cancel`
            _log.exception("a defect in a requeue", execution=execution)

    def _written(self, done: asyncio.Future[None], assigns: Sequence[Assign], lasts: Mapping[tuple[QueueKey, int], int]) -> None:
        if done.cancelled():
            return  # the program is ending
        if (error := done.exception()) is not None:
            for place in lasts:
                for item in self._fifo.retract(*place, self._durable.get(place, 0)):
                    self._withdrawals.abandon(item)
            self.failed(error if isinstance(error, Exception) else RuntimeError(str(error)))
            return
        failpoint("a2")
        for place, last in lasts.items():
            self._durable[place] = last
            self.acknowledge(self._durable_of(place))
        for assign in assigns:
            self._fifo.stored(assign.execution)
            if (reason := self._ahead.pop(assign.execution, None)) is not None:
                self._spawn(self._cancel(assign.execution, reason))

    def _durable_of(self, place: tuple[QueueKey, int]) -> Held:
        return Held(queue=place[0], epoch=place[1], last=self._durable.get(place, 0))


def _warn(done: asyncio.Future[None]) -> None:
    if not done.cancelled() and done.exception() is not None:
        _log.warning("the policies are not on disk", error=str(done.exception()))


def _nobody(_said: object) -> None:
    """Nobody listens yet."""


def _nobody_at_all() -> None:
    """Nobody listens yet."""
