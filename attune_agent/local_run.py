"""One execution on this machine without a controller: the same queues, attempts and preparation, over a state in memory.

Called by `attune action run --local`, which starts an executor of its own before and stops it afterwards.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from attune_agent.app import environments_of, preparation_of
from attune_agent.attempt import Attempts
from attune_agent.buckets import Buckets
from attune_agent.executor_link import ExecutorLink
from attune_agent.fifo import Fifo
from attune_agent.host_settings import HostSettings
from attune_agent.lane import Lanes
from attune_agent.layout import Layout
from attune_agent.ledger import Ledger
from attune_agent.outbox import Outbox
from attune_agent.packs.packs import Packs
from attune_agent.policies import Policies
from attune_agent.state.memory import Disk, MemoryState
from attune_core.ports import SystemClock
from attune_core.states import State
from attune_core.wire.agent_frames import Report
from attune_core.wire.assignment import Assign


async def run_locally(
    layout: Layout, settings: HostSettings, assign: Assign, archive: bytes, *, say: Callable[[Report], None] = lambda _report: None
) -> Report:
    """Run one execution to its outcome and return its last report; `say` hears of every move on the way.

    `archive` is the pack that `assign.digest` names; `layout.run` is that of a running executor. Retries follow the assignment's policy.
    Cancelling ends the waiting, not the action: whoever started the executor stops it.
    """
    clock, state = SystemClock(), MemoryState(Disk(instance="local"))
    fifo, outbox, policies = Fifo(), Outbox(state), Policies("", {})
    buckets = Buckets(clock)
    ledger = Ledger(fifo=fifo, state=state, outbox=outbox, buckets=buckets, clock=clock)
    ended: asyncio.Future[Report] = asyncio.get_running_loop().create_future()

    def hear() -> None:
        for row in outbox.next(count=100, size=1 << 30):
            report = Report.model_validate_json(row.report)
            outbox.acknowledged(row.number)
            if report.state is not State.SETTLED:
                say(report)
            elif not ended.done():
                ended.set_result(report)

    outbox.filled = hear
    async with ExecutorLink(layout.run) as host:
        packs = Packs(layout.packs, download=lambda _digest: _once(archive))
        preparation = preparation_of(layout, settings, packs=packs, environments=environments_of(layout, settings, host=host, clock=clock))
        attempts = Attempts(ledger=ledger, host=host, preparation=preparation, policies=policies, clock=clock)
        lanes = Lanes(
            fifo=fifo, policies=policies, buckets=buckets, attempts=attempts, withdrawals=attempts.withdrawals, clock=clock, slots=1
        )
        await ledger.assigned([_alone(assign)])
        running = asyncio.create_task(lanes.run())
        try:
            either: set[asyncio.Future[None] | asyncio.Future[Report]] = {running, ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return ended.result() if ended.done() else await _defect(running)
        finally:
            running.cancel()
            await asyncio.wait({running})


def _alone(assign: Assign) -> Assign:
    """Return it with its retries at its place: where nothing else waits, that is the end of the queue as well."""
    policy = assign.policy
    return assign.model_copy(update={"policy": policy.model_copy(update={"retry": policy.retry.model_copy(update={"place": "keep"})})})


async def _once(archive: bytes) -> AsyncIterator[bytes]:
    yield archive


async def _defect(running: asyncio.Task[None]) -> Report:
    """The lanes ended before the execution did: raise what ended them."""
    await running
    raise RuntimeError("the lanes ended by themselves")
