"""Every move of an execution in hand, made in one place: on disk, in the queues and, where the controller is told, in the outbox.

Called by the inbox (assigned, cancelled before a start), by attempts (asked, started, put off, settled) and by nobody else; the lanes
hear of each move through the Fifo.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

import structlog

from attune_agent.buckets import Buckets
from attune_agent.errors import StateUnwritable
from attune_agent.fifo import Fifo
from attune_agent.host import Greeting
from attune_agent.outbox import Outbox
from attune_agent.results import DETAIL, Ending
from attune_agent.state.port import AgentState
from attune_agent.state.records import Item, Phase, ReportText, item_of, report_text
from attune_core.ports import Clock
from attune_core.states import Reason, State
from attune_core.wire.agent_frames import Report
from attune_core.wire.assignment import Assign

_log = structlog.get_logger(__name__)

#: Pauses between tries to write an outcome to a disk that refuses it, seconds; the last one repeats.
_PAUSES = (0.2, 1.0, 5.0, 15.0)


class Ledger:
    """What is durable, what is in memory and what is said never differ longer than one commit."""

    def __init__(
        self,
        *,
        fifo: Fifo,
        state: AgentState,
        outbox: Outbox,
        buckets: Buckets,
        clock: Clock,
        on_settled: Callable[[str], None] = lambda _execution: None,
    ) -> None:
        """Take what moves together; `on_settled` hears of every execution that is no longer in hand."""
        self._fifo = fifo
        self._state = state
        self._outbox = outbox
        self._buckets = buckets
        self._clock = clock
        self._on_settled = on_settled
        self._arrivals = count(1)

    def assigned(self, assigns: Sequence[Assign]) -> asyncio.Future[None]:
        """Append executions to their queues; the future is done when they are durable, and only then may they be acknowledged.

        They may be prepared meanwhile: `asked` is written after them, so nothing starts that is not durable.
        """
        wall, monotonic = self._clock.now(), self._clock.monotonic()
        written = self._state.append(assigns, now=wall)
        for assign in assigns:
            self._fifo.append(item_of(assign, wall=wall, monotonic=monotonic, arrival=next(self._arrivals)))
        return written

    def item(self, execution: str) -> Item | None:
        """Return an execution in hand as it is now."""
        return self._fifo.item(execution)

    def gone(self, item: Item) -> bool:
        """Tell whether it is not in hand any more: settled, given back, or its arrival could not be stored, even if it has come again."""
        current = self._fifo.item(item.execution)
        return current is None or current.arrival != item.arrival

    def cancelled(self, item: Item) -> Reason | None:
        """Return why it is to end as cancelled, None if it is not."""
        current = self._fifo.item(item.execution)
        return current.cancel if current is not None else item.cancel

    def has_room(self, item: Item, limit: int) -> bool:
        """Tell whether an attempt that was admitted may start by the limit that holds now."""
        return self._fifo.has_room(item, limit)

    async def body(self, item: Item) -> Assign:
        """Return what it was assigned with; KeyError when it could not be stored."""
        return item.assign or await self._state.body(item.execution)

    def preparing(self, item: Item, detail: str) -> None:
        """Say that the preparation takes its time."""
        report = self._report(item, State.PREPARING, detail=detail)
        self._say(self._state.add_report(report), report)

    def asking(self, item: Item, greeting: Greeting) -> asyncio.Future[None]:
        """Store which executor gets the attempt: before that is durable it must not begin, on `StateUnwritable` and KeyError not at all."""
        spent = self._buckets.spent(item.bucket)
        return self._state.mark_asked(item.execution, item.attempt, state_id=greeting.state_id, life=greeting.life, spent=spent)

    def asked(self, item: Item, greeting: Greeting) -> Item:
        """That is durable."""
        return self._move(item, lambda one: replace(one, phase=Phase.ASKED, state_id=greeting.state_id, life=greeting.life))

    def is_asked(self, item: Item) -> bool:
        """Tell whether an executor was asked, and may have begun it."""
        current = self._fifo.item(item.execution)
        return current is not None and current.arrival == item.arrival and current.phase is Phase.ASKED

    def started(self, item: Item) -> Item:
        """The executor's start record is durable."""
        if item.phase is not Phase.STARTED:
            report = self._report(item, State.STARTED)
            self._say(self._state.mark_started(item.execution, item.attempt, report), report)
        return self._move(item, lambda one: replace(one, phase=Phase.STARTED, ever_started=True))

    async def cancelling(self, item: Item, reason: Reason) -> None:
        """Store that it is to end as cancelled."""
        self._move(item, lambda one: replace(one, cancel=reason))
        try:
            await self._state.mark_cancel(item.execution, reason)
        except (StateUnwritable, KeyError) as error:  # the controller repeats the frame in the next session
            _log.warning("a cancellation is not on disk", execution=item.execution, error=str(error))

    def requeueing(self, item: Item) -> None:
        """It is to be given back as soon as its preparation has ended; nothing of that is stored."""
        self._move(item, lambda one: replace(one, requeue=True))

    def hold(self, item: Item, *, seconds: float, note: str, refused: bool = False) -> None:
        """Let it wait at its place for a passing hindrance; nothing of it is stored, its attempt number stays, its token is given back.

        `refused`: the executor has said that it did not start, so another one may be asked.
        """
        if item.token is not None:
            self._buckets.give_back(item.bucket, item.token)
        ready_at = self._clock.monotonic() + seconds

        def change(one: Item) -> Item:
            asked = (one.state_id, one.life) if not refused else ("", "")
            return replace(one, phase=Phase.WAITING, ready_at=ready_at, note=note, token=None, state_id=asked[0], life=asked[1])

        self._move(item, change)

    def closing(self, item: Item) -> Item:
        """Keep the lanes off an execution that waits and is about to be settled without a start."""
        return self._move(item, lambda one: replace(one, phase=Phase.PREPARING))

    async def put_off(self, item: Item, *, seconds: float, excused: int, detail: str) -> None:
        """Store that the next attempt follows after a pause, at the same place; returns when it is durable."""
        attempt, not_before = item.attempt + 1, self._clock.now() + seconds
        report = self._report(replace(item, attempt=attempt), State.PREPARING, detail=detail)

        def write() -> asyncio.Future[int]:
            return self._state.put_off(item.execution, attempt=attempt, excused=excused, not_before=not_before, report=report)

        if not await self._insist(item, write, report):
            return
        waiting = replace(item, phase=Phase.WAITING, attempt=attempt, excused=excused, not_before=not_before, note=detail)
        ready_at = self._clock.monotonic() + seconds
        self._move(item, lambda one: replace(waiting, cancel=one.cancel, ready_at=ready_at, state_id="", life="", token=None))

    async def settled(self, item: Item, ending: Ending) -> None:
        """Store the outcome with its report and let go of the execution; returns when it is durable."""
        report = report_text(
            Report(
                execution=item.execution,
                attempt=item.attempt,
                state=State.SETTLED,
                outcome=ending.outcome,
                reason=ending.reason,
                detail=ending.detail[:DETAIL],
                exit_code=ending.exit_code,
                signal=ending.signal,
                result=ending.result,
                at=self._clock.now(),
            )
        )
        await self._let_go(item, report)

    async def given_back(self, item: Item, *, attempts: int, detail: str) -> None:
        """Store that it wants a new place after so many attempts and is not held here any more; returns when it is durable."""
        report = Report(
            execution=item.execution,
            attempt=attempts,
            state=State.QUEUED,
            detail=detail[:DETAIL],
            sequence=item.sequence,
            at=self._clock.now(),
        )
        await self._let_go(item, report_text(report))

    async def _let_go(self, item: Item, report: ReportText) -> None:
        if await self._insist(item, lambda: self._state.let_go(item.execution, report), report):
            self._fifo.remove(item.execution)
            self._on_settled(item.execution)

    async def _insist(self, item: Item, write: Callable[[], asyncio.Future[int]], report: ReportText) -> bool:
        """Write until the disk takes it: an outcome must not be forgotten, and nothing else of its queue may go on before.

        False: its arrival could not be stored, so there is nothing to write; the controller sends it again.
        """
        tries = 0
        while not self.gone(item):
            written = write()
            self._say(written, report)
            try:
                await written
            except KeyError:
                return False
            except StateUnwritable as error:
                _log.error("an outcome cannot be stored yet", error=str(error), remedy=error.remedy)
            else:
                return True
            await self._clock.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1
        return False

    def _say(self, written: asyncio.Future[int], report: ReportText) -> None:
        """Give the report to the outbox once it is durable; callbacks run in the order of the commits, so numbers stay in order."""

        def add(done: asyncio.Future[int]) -> None:
            if done.cancelled():
                return  # the program is ending; the row is on disk
            if (error := done.exception()) is not None:
                _log.warning("a report is not on disk", error=str(error))
            else:
                self._outbox.add(done.result(), report)

        written.add_done_callback(add)

    def _move(self, item: Item, change: Callable[[Item], Item]) -> Item:
        # What happened meanwhile, such as a cancellation, stands in the queue and not in the caller's copy.
        current = self._fifo.item(item.execution)
        if current is None or current.arrival != item.arrival:
            return change(item)
        moved = change(current)
        self._fifo.replace(moved)
        return moved

    def _report(self, item: Item, state: State, *, detail: str = "") -> ReportText:
        now = self._clock.now()
        return report_text(Report(execution=item.execution, attempt=item.attempt, state=state, detail=detail[:DETAIL], at=now))
