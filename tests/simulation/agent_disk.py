"""The agent's disk: the memory state behind a commit that takes its time, shared by what gathers meanwhile, as the real one's.

`agent` gives one SimulatedState to each life. What a life wrote and the disk did not commit is gone when it dies.
"""

import asyncio
import random
from collections.abc import Callable
from typing import TypeVar

from attune_agent.errors import StateUnwritable
from attune_agent.state.memory import Disk, MemoryState
from tests.simulation.life import Life

T = TypeVar("T")

#: Seconds that a commit takes; now and then a lazy one, which waits for company.
_COMMIT, _LAZY = (0.0005, 0.02), 0.05


class AgentDisk:
    """What survives."""

    def __init__(self, seed: str, instance: str) -> None:
        self.rows = Disk(instance=instance)
        self.full = False
        self.random = random.Random(seed)


class SimulatedState(MemoryState):
    """The state of one life; the port's methods are the memory state's, each of which ends in `_done`."""

    def __init__(self, disk: AgentDisk, life: Life) -> None:
        super().__init__(disk.rows)
        self._survives, self._life = disk, life
        self._waiting: list[Callable[[], None]] = []

    def _done(self, write: Callable[[], T]) -> "asyncio.Future[T]":
        told: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if not self._life.alive:
            told.cancel()
            return told
        if not self._waiting:
            lazy = self._survives.random.random() < 0.05
            seconds = _LAZY if lazy else self._survives.random.uniform(*_COMMIT)
            asyncio.get_running_loop().call_later(seconds, self._commit)
        self._waiting.append(lambda: _write(write, told, full=self._survives.full))
        return told

    def _commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._life.reach("agent state before")
        for write in waiting:
            write()
        self._life.reach("agent state after")


def _write(write: Callable[[], T], told: "asyncio.Future[T]", *, full: bool) -> None:
    """Change the rows; who asked hears of it in a later turn, and never if the program dies before."""
    try:
        if full:
            raise StateUnwritable
        found = write()
    except Exception as error:  # noqa: BLE001 - it travels to the caller through the future
        if not told.done():
            told.set_exception(error)
    else:
        if not told.done():
            told.set_result(found)
