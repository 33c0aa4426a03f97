"""One agent without a network: queues, lanes and attempts as `app` wires them, over a state that survives `restart`."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from attune_agent.attempt import Attempts
from attune_agent.buckets import Buckets
from attune_agent.fifo import Fifo
from attune_agent.inbox import Inbox
from attune_agent.lane import Lanes
from attune_agent.ledger import Ledger
from attune_agent.marks import Marks
from attune_agent.outbox import Outbox
from attune_agent.policies import Policies
from attune_agent.recovery import sweep, waiting_again
from attune_agent.state.memory import Disk, MemoryState
from attune_agent.state.port import AgentState
from attune_agent.state.records import Held, QueueKey
from attune_core.states import State
from attune_core.wire.agent_frames import Report
from attune_core.wire.assignment import Assign
from tests.agent.scripted import ScriptedHost, ScriptedPreparation, StillClock

QUEUE = QueueKey("web1", "web.restart", "null")


@dataclass
class World:
    """Parts that survive (disk, host, clock) and the agent of the present life."""

    slots: int = 4
    host: ScriptedHost = field(default_factory=ScriptedHost)
    preparation: ScriptedPreparation = field(default_factory=ScriptedPreparation)
    clock: StillClock = field(default_factory=StillClock)
    disk: Disk = field(default_factory=lambda: Disk(instance="one"))
    open_state: Callable[[], AgentState] | None = None
    acks: list[Held] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    closed: str = ""

    def start(self) -> None:
        """Begin a life of the agent."""
        self.state = self.open_state() if self.open_state else MemoryState(self.disk)
        loaded = self.state.load()
        self.policies = Policies(loaded.revision, loaded.policies)
        now = {"wall": self.clock.now(), "monotonic": self.clock.monotonic(), "longest": 60.0}
        self.fifo = Fifo(loaded.held, [waiting_again(item, **now) for item in loaded.items])
        self.outbox = Outbox(self.state, loaded.outbox)
        self.holds: dict[str, str] = {}

        def release(execution: str) -> None:
            self.holds.pop(execution, None)

        buckets = Buckets(self.clock, loaded.buckets)
        ledger = Ledger(fifo=self.fifo, state=self.state, outbox=self.outbox, buckets=buckets, clock=self.clock, on_settled=release)
        self.marks = Marks(self.state, paused=loaded.paused, draining=loaded.draining, holds=loaded.holds)
        attempts = Attempts(
            ledger=ledger,
            host=self.host,
            preparation=self.preparation,
            policies=self.policies,
            clock=self.clock,
            closed=self._why_closed,
        )
        self.withdrawals = attempts.withdrawals
        self.lanes = Lanes(
            fifo=self.fifo,
            policies=self.policies,
            buckets=buckets,
            attempts=attempts,
            withdrawals=attempts.withdrawals,
            clock=self.clock,
            slots=self.slots,
            closed=self._why_closed,
        )
        self.marks.changed = self.lanes.touch_all
        self._loose: set[asyncio.Task[None]] = set()
        self.inbox = Inbox(
            fifo=self.fifo,
            ledger=ledger,
            state=self.state,
            policies=self.policies,
            withdrawals=attempts.withdrawals,
            spawn=lambda work: self._loose.add(asyncio.ensure_future(work)),
        )
        self.inbox.acknowledge = self.acks.append
        self.inbox.failed = self.failures.append
        self.inbox.policies_changed = self.lanes.policies_changed
        self.task = asyncio.ensure_future(self.lanes.run())

    def _why_closed(self, queue: QueueKey) -> str:
        return self.closed or self.marks.closed(queue)

    async def kill(self) -> None:
        """End the life at this very point: nothing of it does anything any more."""
        for task in (self.task, *self._loose):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task
        await self.state.close()

    async def restart(self) -> None:
        """Kill the agent and begin its next life; the host went on meanwhile."""
        await self.kill()
        self.start()
        await sweep(self.host, self.fifo, hold_again=lambda execution, key: self.holds.setdefault(execution, key) == key)
        await self.settle()

    async def settle(self, turns: int = 60) -> None:
        """Let everything that can happen without time happen."""
        for _ in range(turns):
            await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and what it brings."""
        self.clock.advance(seconds)
        await self.settle()

    async def assign(self, *assigns: Assign) -> None:
        """Bring assignments as one chunk of the stream."""
        self.inbox.assign(assigns)
        await self.settle()

    async def finish(self, execution: str, attempt: int = 1, **how: object) -> None:
        """End a running attempt."""
        self.host.finish(execution, attempt, **how)  # type: ignore[arg-type]  # the test's own words
        await self.settle()

    def reports(self, execution: str | None = None) -> Sequence[Report]:
        """Return what is said or about to be said to the controller."""
        found = [Report.model_validate_json(row.report) for row in self.outbox.next(count=10_000, size=1 << 30)]
        return [one for one in found if execution is None or one.execution == execution]

    def settled(self, execution: str) -> Report:
        """Return the outcome of an execution: exactly one."""
        (report,) = [one for one in self.reports(execution) if one.state is State.SETTLED]
        return report


def moves(world: World, execution: str) -> list[tuple[State, int]]:
    """Return the states that were reported of an execution, each with its attempt."""
    return [(report.state, report.attempt) for report in world.reports(execution)]
