"""AgentState in memory whose writes are late, as a disk's are: committed a turn after the call, answered a turn after the commit.

A crash therefore finds writes that were asked for and not made, and writes that were made and not answered.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from attune_agent.state.memory import Disk, MemoryState
from attune_agent.state.records import ReportText, Spent

T = TypeVar("T")


class LateState(MemoryState):
    """Commits in the order of the calls; a failure fails what is committed while it lasts."""

    def __init__(self, disk: Disk, *, left: Callable[[str, ReportText], None], asked: Callable[[str], None]) -> None:
        """Begin a life; `left` hears of each last report when it is committed, `asked` of each execution whose start is about to be."""
        super().__init__(disk)
        self._left = left
        self._asked = asked
        self.crashed = False

    def mark_asked(self, execution: str, attempt: int, *, state_id: str, life: str, spent: Spent | None = None) -> asyncio.Future[None]:
        self._asked(execution)
        return super().mark_asked(execution, attempt, state_id=state_id, life=life, spent=spent)

    def _done(self, write: Callable[[], T]) -> "asyncio.Future[T]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        loop.call_soon(self._commit, write, future)
        return future

    def _commit(self, write: Callable[[], T], future: "asyncio.Future[T]") -> None:
        if self.crashed:
            return
        before = set(self._disk.items)
        try:
            if self.failure is not None:
                raise self.failure
            result = write()
        except Exception as error:  # noqa: BLE001 - it travels to the caller through the future
            asyncio.get_running_loop().call_soon(_fail, future, error)
            return
        for execution in before - set(self._disk.items):
            self._left(execution, self._disk.outbox[max(self._disk.outbox)])
        asyncio.get_running_loop().call_soon(_finish, future, result)


def _finish(future: "asyncio.Future[T]", result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[T]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
