"""The one thread that writes the agent's database: operations in call order, many to a commit, each answered after its fsync.

Used by `sqlite`. An operation that fails is rolled back alone; a commit that fails fails everything in it and nothing before.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import apsw

from attune_agent.errors import StateUnreadable, StateUnwritable

T = TypeVar("T")

#: Most operations of one commit.
BATCH = 256
#: Longest wait of a lazy operation for company, seconds.
LAZY = 0.05


@dataclass(frozen=True, slots=True)
class _Request:
    run: Callable[[apsw.Connection], None]
    answer: Callable[[Exception | None], None]
    loop: asyncio.AbstractEventLoop
    lazy: bool


class Writer:
    """Owns the connection from the first submit on."""

    def __init__(self, connection: apsw.Connection) -> None:
        """Take the connection; the thread starts with the first operation."""
        self._connection = connection
        self._queue: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        #: What was found in the file that this program did not write: nothing that is read or written now can be relied on.
        self.damage: StateUnreadable | None = None

    def submit(self, operation: Callable[[apsw.Connection], T], *, lazy: bool = False) -> "asyncio.Future[T]":
        """Enqueue it and return the future of its result, done when it is durable; it may be run twice, and only the last time counts."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        results: list[T] = []

        def run(connection: apsw.Connection) -> None:
            results.append(operation(connection))

        def answer(error: Exception | None) -> None:
            if future.done():  # its caller was cancelled; the write stands
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(results[-1])

        self._put(_Request(run=run, answer=answer, loop=loop, lazy=lazy))
        return future

    async def close(self) -> None:
        """Commit what was enqueued and close the connection."""
        if self._thread is None:
            self._connection.close()
            return
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _put(self, request: _Request) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="agent-state", daemon=True)
            self._thread.start()
        self._queue.put(request)

    def _work(self) -> None:
        batch: list[_Request] = []
        until = 0.0
        while True:
            try:
                request = self._queue.get(timeout=max(until - time.monotonic(), 0.0) if batch else None)
            except queue.Empty:
                self._commit(batch)
                batch = []
                continue
            if not batch:
                until = time.monotonic() + LAZY
            ended = self._gather(request, batch)
            if ended or len(batch) >= BATCH or not all(one.lazy for one in batch):
                self._commit(batch)
                batch = []
            if ended:
                self._connection.close()
                return

    def _gather(self, request: _Request | None, batch: list[_Request]) -> bool:
        """Put what is there into the batch; True when the end was asked for."""
        while request is not None:
            batch.append(request)
            if len(batch) >= BATCH:
                return False
            try:
                request = self._queue.get_nowait()
            except queue.Empty:
                return False
        return True

    def _commit(self, batch: list[_Request]) -> None:
        if not batch:
            return
        try:
            failed = self._together(batch) or self._apart(batch)
        except apsw.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            failure = StateUnwritable(f"the agent's database: {error}")
            if isinstance(error, apsw.CorruptError | apsw.NotADBError):
                self.damage = StateUnreadable(f"{self._connection.filename}: {error}")
            failure.__cause__ = error
            failed = [failure] * len(batch)
        _answer(batch, failed)

    def _together(self, batch: Sequence[_Request]) -> list[Exception | None]:
        """Commit all of them; empty when one has failed, and nothing is done then.

        A savepoint around each would cost as much as what it does, and next to none fails.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        for request in batch:
            try:
                request.run(self._connection)
            except apsw.Error:
                raise  # the disk or the database: nothing in this commit can be trusted to be there
            except Exception:  # noqa: BLE001 - not lost: `_apart` does it again and gives it to its caller
                self._connection.execute("ROLLBACK")
                return []
        self._connection.execute("COMMIT")
        return [None] * len(batch)

    def _apart(self, batch: Sequence[_Request]) -> list[Exception | None]:
        """Commit those that do not fail, and return how the others did."""
        self._connection.execute("BEGIN IMMEDIATE")
        failed = [self._run(request) for request in batch]
        self._connection.execute("COMMIT")
        return failed

    def _run(self, request: _Request) -> Exception | None:
        self._connection.execute("SAVEPOINT one")
        try:
            request.run(self._connection)
        except apsw.Error:
            raise  # as in `_together`
        except Exception as error:  # noqa: BLE001 - it travels to the caller through the future
            self._connection.execute("ROLLBACK TO one")
            self._connection.execute("RELEASE one")
            return error
        self._connection.execute("RELEASE one")
        return None


def _answer(batch: Sequence[_Request], failed: Sequence[Exception | None]) -> None:
    """Answer each in its own event loop, in order, all of one loop by one call into it: that wakes it, which costs more than the answer."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Callable[[], None]]] = {}
    for request, error in zip(batch, failed, strict=True):
        by_loop.setdefault(request.loop, []).append(partial(request.answer, error))
    for loop, answers in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_call, answers)


def _call(answers: Sequence[Callable[[], None]]) -> None:
    for answer in answers:
        answer()
