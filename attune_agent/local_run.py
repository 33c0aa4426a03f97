"""One execution on this machine without a controller: the same lanes, attempts and environments; only the state is in memory.

Called by `attune action run --local`, which has started an executor for it; the outcome comes back as the report that a controller would
get.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from attune_agent.app import preparation_of
from attune_agent.attempt import Attempts
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
from attune_core.wire.frames import Assign, Report

Say = Callable[[Report], None]


async def run_locally(layout: Layout, settings: HostSettings, assign: Assign, archive: bytes, *, say: Say) -> Report:
    """Run one execution to its end and return the report that settles it; `say` hears every report on the way.

    `archive` is the pack's tar; the executor must be listening in `layout.run`. Ends with CancelledError when the caller is cancelled: the
    attempt is then stopped by the end of its executor.
    """
    layout.prepare()
    clock = SystemClock()

    async def download(_digest: str) -> AsyncIterator[bytes]:
        yield archive

    state = MemoryState(Disk(instance=assign.execution))
    fifo, policies, outbox = Fifo(), Policies("", {}), Outbox(state)
    ledger = Ledger(fifo=fifo, state=state, outbox=outbox, clock=clock)
    reported = asyncio.Event()
    outbox.filled = reported.set
    async with ExecutorLink(layout.run) as host, asyncio.TaskGroup() as tasks:
        preparation = preparation_of(layout, settings, host=host, packs=Packs(layout.packs, download=download), clock=clock)
        attempts = Attempts(fifo=fifo, ledger=ledger, host=host, preparation=preparation, policies=policies, clock=clock)
        lanes = Lanes(fifo=fifo, policies=policies, attempts=attempts, clock=clock, slots=1)
        running = tasks.create_task(lanes.run())
        await ledger.assigned([assign])
        while True:
            await reported.wait()
            reported.clear()
            for row in outbox.next(count=1000, size=1 << 30):
                outbox.acknowledged(row.number)
                report = Report.model_validate_json(row.report)
                say(report)
                if report.state is State.SETTLED:
                    running.cancel()
                    return report
