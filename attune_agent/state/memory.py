"""AgentState in memory, for simulations and for running one action without a controller; held to the same contract suite.

`Disk` is what survives: give the same one to the next MemoryState and it is a restart.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from attune_agent.errors import StateUnwritable
from attune_agent.rate import BucketKey
from attune_agent.state.records import Held, Item, Loaded, OutboxRow, Phase, QueueKey, ReportText, Spent, item_of
from attune_core.marks import Mark
from attune_core.states import Reason
from attune_core.wire.assignment import Assign, Policy
from attune_core.wire.stream_frames import HoldQueue

T = TypeVar("T")


@dataclass
class Disk:
    """What a restart finds."""

    instance: str
    held: dict[tuple[QueueKey, int], int] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    bodies: dict[str, Assign] = field(default_factory=dict)
    outbox: dict[int, ReportText] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    revision: str = ""
    session: str = ""
    marks: tuple[Mark | None, Mark | None] = (None, None)
    holds: tuple[HoldQueue, ...] = ()
    buckets: dict[BucketKey, Spent] = field(default_factory=dict)


class MemoryState:
    """Writes are done at the call; futures are done on the next turn of the loop, as those of a disk are not done at once."""

    def __init__(self, disk: Disk) -> None:
        """Start from what the disk holds."""
        self._disk = disk
        self._number = max(disk.outbox, default=0)
        #: Raised by every write while set: a full disk.
        self.failure: Exception | None = None

    def load(self) -> Loaded:
        """Return everything that is there."""
        order = sorted(self._disk.items.values(), key=lambda item: (item.queue, item.epoch, item.sequence))
        return Loaded(
            instance=self._disk.instance,
            session=self._disk.session,
            held=[Held(queue=queue, epoch=epoch, last=last) for (queue, epoch), last in self._disk.held.items()],
            items=order,
            outbox=[OutboxRow(number, report) for number, report in sorted(self._disk.outbox.items())],
            revision=self._disk.revision,
            policies=dict(self._disk.policies),
            paused=self._disk.marks[0],
            draining=self._disk.marks[1],
            holds=self._disk.holds,
            buckets=list(self._disk.buckets.values()),
        )

    def append(self, assigns: Sequence[Assign], *, now: float = 0.0) -> asyncio.Future[None]:
        """Store new executions and move the last of their queues."""

        def write() -> None:
            lasts: dict[tuple[QueueKey, int], int] = {}
            items = [item_of(assign, wall=now) for assign in assigns]
            for item, assign in zip(items, assigns, strict=True):
                place = (item.queue, item.epoch)
                if lasts.get(place, self._disk.held.get(place, 0)) != assign.after:
                    raise StateUnwritable("an earlier execution of the queue is not on disk")
                lasts[place] = item.sequence
            for item, assign in zip(items, assigns, strict=True):
                self._disk.items[item.execution] = item
                self._disk.bodies[item.execution] = assign
                self._disk.held[item.queue, item.epoch] = item.sequence

        return self._done(write)

    def body(self, execution: str) -> asyncio.Future[Assign]:
        """Return what an execution in hand was assigned with."""
        return self._done(lambda: self._disk.bodies[execution])

    def mark_asked(self, execution: str, attempt: int, *, state_id: str, life: str, spent: Spent | None = None) -> asyncio.Future[None]:
        """Store which executor is about to be asked, and the token it costs."""

        def write() -> None:
            self._change(execution, lambda item: replace(item, phase=Phase.ASKED, attempt=attempt, state_id=state_id, life=life))
            if spent is not None:
                kept = {bucket: one for bucket, one in self._disk.buckets.items() if one.full_at > spent.now}
                self._disk.buckets = {**kept, spent.bucket: spent}

        return self._done(write)

    def mark_started(self, execution: str, attempt: int, report: ReportText) -> asyncio.Future[int]:
        """Store that an attempt started, with its report."""

        def write(number: int) -> None:
            self._change(execution, lambda item: replace(item, phase=Phase.STARTED, attempt=attempt, ever_started=True))
            self._disk.outbox[number] = report

        return self._numbered(write)

    def add_report(self, report: ReportText) -> asyncio.Future[int]:
        """Store a report that moves nothing here."""
        return self._numbered(lambda number: self._disk.outbox.__setitem__(number, report))

    def put_off(self, execution: str, *, attempt: int, excused: int, not_before: float, report: ReportText | None) -> asyncio.Future[int]:
        """Store that the next attempt waits."""

        def change(item: Item) -> Item:
            return replace(item, phase=Phase.WAITING, attempt=attempt, excused=excused, not_before=not_before, state_id="", life="")

        def write(number: int) -> None:
            self._change(execution, change)
            if report is not None:
                self._disk.outbox[number] = report

        def write_silently() -> int:
            self._change(execution, change)
            return 0

        return self._done(write_silently) if report is None else self._numbered(write)

    def mark_cancel(self, execution: str, reason: Reason) -> asyncio.Future[None]:
        """Store that it is to end as cancelled."""
        return self._done(lambda: self._change(execution, lambda item: replace(item, cancel=reason)))

    def let_go(self, execution: str, report: ReportText) -> asyncio.Future[int]:
        """Store the last report of an execution and let go of it."""

        def write(number: int) -> None:
            del self._disk.items[execution]
            del self._disk.bodies[execution]
            self._disk.outbox[number] = report

        return self._numbered(write)

    def drop_reports(self, up_to: int) -> asyncio.Future[None]:
        """Forget acknowledged reports."""

        def write() -> None:
            for number in [number for number in self._disk.outbox if number <= up_to]:
                del self._disk.outbox[number]

        return self._done(write)

    def set_policies(self, revision: str, policies: Mapping[str, Policy]) -> asyncio.Future[None]:
        """Replace the active revision's policies."""

        def write() -> None:
            self._disk.revision, self._disk.policies = revision, dict(policies)

        return self._done(write)

    def set_marks(self, paused: Mark | None, draining: Mark | None) -> asyncio.Future[None]:
        """Replace what operators said of this agent."""
        return self._done(lambda: setattr(self._disk, "marks", (paused, draining)))

    def set_holds(self, holds: Sequence[HoldQueue]) -> asyncio.Future[None]:
        """Replace the queues that are paused."""
        return self._done(lambda: setattr(self._disk, "holds", tuple(holds)))

    def set_session(self, session: str) -> asyncio.Future[None]:
        """Store the session whose stream is about to be opened."""
        return self._done(lambda: setattr(self._disk, "session", session))

    async def close(self) -> None:
        """Nothing is open."""

    def _change(self, execution: str, change: Callable[[Item], Item]) -> None:
        self._disk.items[execution] = change(self._disk.items[execution])

    def _numbered(self, write: Callable[[int], None]) -> asyncio.Future[int]:
        self._number += 1
        number = self._number

        def numbered() -> int:
            write(number)
            return number

        return self._done(numbered)

    def _done(self, write: Callable[[], T]) -> "asyncio.Future[T]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        try:
            if self.failure is not None:
                raise self.failure
            result = write()
        except Exception as error:  # noqa: BLE001 - it travels to the caller through the future
            loop.call_soon(_fail, future, error)
        else:
            loop.call_soon(_finish, future, result)
        return future


def _finish(future: "asyncio.Future[T]", result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[T]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
