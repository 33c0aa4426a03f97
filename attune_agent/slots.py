"""The slots in use: each attempt keeps its slot until its way has come to its end, and a defect on that way costs only its own queue time.

Used by the lanes, which say what may begin; `attempt` makes the way.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from attune_agent.fifo import Fifo
from attune_agent.state.records import Item, Phase, QueueKey
from attune_core.ports import Clock

_log = structlog.get_logger(__name__)

#: Makes an attempt or goes on with one.
Way = Callable[[Item], Awaitable[None]]
#: After a defect in our own code, its queue waits this long; seconds.
_AFTER_DEFECT = 30.0


class Slots:
    """What is under way on this host."""

    def __init__(self, *, fifo: Fifo, clock: Clock, resume: Way, freed: Callable[[QueueKey], None]) -> None:
        """Take the parts; `freed` hears of each slot that is free again, and whose it was."""
        self._fifo = fifo
        self._clock = clock
        self._resume = resume
        self._freed = freed
        self._since: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def __contains__(self, execution: str) -> bool:
        return execution in self._since

    def since(self, execution: str) -> float:
        """Return when it took its slot, by the wall clock."""
        return self._since[execution]

    def take(self, item: Item, way: Way, tasks: asyncio.TaskGroup) -> None:
        """Begin."""
        self._since[item.execution] = self._clock.now()
        tasks.create_task(self._attend(item, way))

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
                    if current is not None and current.arrival == item.arrival:
                        self._hold_after_defect(current)
                    return
                # It may be running: it keeps its slot, and is attached to again.
                await self._clock.sleep(_AFTER_DEFECT)
                item, way = current, self._resume
        finally:
            del self._since[item.execution]
            self._freed(item.queue)

    def _hold_after_defect(self, item: Item) -> None:
        until = self._clock.monotonic() + _AFTER_DEFECT
        self._fifo.replace(replace(item, phase=Phase.WAITING, ready_at=until, note="a defect of the agent; see its log"))
