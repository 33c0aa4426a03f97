"""Returning: what is ready gets its place however many reports come meanwhile."""

import asyncio
import math

from attune_controller.returning import Returning
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.records.executions import Execution
from attune_core.ports import SystemClock
from attune_core.states import State
from tests.controller.store.making import given_back, move, plan_some, take


class Busy(MemoryStore):
    """A store that is never asked without another report coming at that moment."""

    loop: Returning

    async def next_ready(self, *, beyond: float = math.inf) -> float | None:
        self.loop.wake()
        await asyncio.sleep(0)
        return await super().next_ready(beyond=beyond)


async def test_reports_that_come_all_the_time_hold_up_no_back_off_that_is_over() -> None:
    store, placed = Busy(), asyncio.Queue[Execution]()
    store.loop = Returning(store, SystemClock(), placed.put_nowait, longest=lambda: math.inf)
    await plan_some(store, "a")
    await take(store)
    await store.record_moves([move("a", State.STARTED), given_back("a", 1, sequence=1, ready_at=5.0)])
    running = asyncio.create_task(store.loop.run())
    async with asyncio.timeout(30):
        again = await placed.get()
    running.cancel()
    assert (again.new.id, again.sequence, again.ready_at) == ("a", 2, 0.0)


async def test_a_clock_that_was_set_back_lets_nobody_wait_longer_than_a_back_off_can_be() -> None:
    store, placed = MemoryStore(), asyncio.Queue[Execution]()
    await plan_some(store, "a")
    await take(store)
    await store.record_moves([move("a", State.STARTED), given_back("a", 1, sequence=1, ready_at=SystemClock().now() + 10 * 365 * 86400)])
    running = asyncio.create_task(Returning(store, SystemClock(), placed.put_nowait, longest=lambda: 60.0).run())
    async with asyncio.timeout(30):
        again = await placed.get()
    running.cancel()
    assert (again.new.id, again.sequence) == ("a", 2)
