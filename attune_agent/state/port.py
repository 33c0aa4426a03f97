"""AgentState: the port behind which an agent remembers; implemented by state/sqlite and state/memory under one contract suite.

Every write is enqueued at the call, in call order, and is atomic; the returned future is done when it is durable (fsync), and many
writes share one commit. `StateUnwritable` comes through the future. A `lazy` write may wait for the next other one, at most 50 ms.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from attune_agent.state.records import Loaded, ReportText, Spent
from attune_core.marks import Mark
from attune_core.states import Reason
from attune_core.wire.assignment import Assign, Policy
from attune_core.wire.stream_frames import HoldQueue


class AgentState(Protocol):
    """What the inbox, the ledger, the outbox and recovery ask of the disk."""

    def load(self) -> Loaded:
        """Return everything that is stored; called once, before any write."""
        ...

    def append(self, assigns: Sequence[Assign], *, now: float = 0.0) -> asyncio.Future[None]:
        """Store new executions and move the last of their queues, all or none; `now` is the wall clock that their ages are counted from.

        Each one's `after` must be what is stored as the last of its queue and epoch (0: none), else nothing of this call is stored: an
        earlier append that failed must not leave a gap. Lazy: what may start at once is stored together with the word that it is asked
        for, and the acknowledgement of what waits has time.
        """
        ...

    def body(self, execution: str) -> asyncio.Future[Assign]:
        """Return what an execution in hand was assigned with; KeyError when it is not in hand."""
        ...

    def mark_asked(self, execution: str, attempt: int, *, state_id: str, life: str, spent: Spent | None = None) -> asyncio.Future[None]:
        """Store which executor is about to be asked, and the token it costs; KeyError when the execution is not in hand.

        Buckets that are full by then are forgotten.
        """
        ...

    def mark_started(self, execution: str, attempt: int, report: ReportText) -> asyncio.Future[int]:
        """Store that an attempt started, with its report; returns the report's number. Lazy: the executor knows it anyway."""
        ...

    def add_report(self, report: ReportText) -> asyncio.Future[int]:
        """Store a report that moves nothing here (preparing); returns its number. Lazy."""
        ...

    def put_off(self, execution: str, *, attempt: int, excused: int, not_before: float, report: ReportText | None) -> asyncio.Future[int]:
        """Store that the next attempt waits, with the report of it (None: none is sent); returns the report's number, else 0."""
        ...

    def mark_cancel(self, execution: str, reason: Reason) -> asyncio.Future[None]:
        """Store that it is to end as cancelled and is never tried again."""
        ...

    def let_go(self, execution: str, report: ReportText) -> asyncio.Future[int]:
        """Store the last report of an execution, its outcome or that it is given back, and let go of it; returns the report's number."""
        ...

    def drop_reports(self, up_to: int) -> asyncio.Future[None]:
        """Forget reports up to that number: the controller has them. Lazy."""
        ...

    def set_policies(self, revision: str, policies: Mapping[str, Policy]) -> asyncio.Future[None]:
        """Replace the active revision's policies."""
        ...

    def set_marks(self, paused: Mark | None, draining: Mark | None) -> asyncio.Future[None]:
        """Replace what operators said of this agent."""
        ...

    def set_holds(self, holds: Sequence[HoldQueue]) -> asyncio.Future[None]:
        """Replace the queues that are paused."""
        ...

    def set_session(self, session: str) -> asyncio.Future[None]:
        """Store the session whose stream is about to be opened: the next hello names it, and a copy of this directory cannot."""
        ...

    async def close(self) -> None:
        """Finish what was enqueued and let go of the files."""
        ...
