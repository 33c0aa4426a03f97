"""One thread that owns one connection, and the letterbox through which coroutines use it.

Made twice by opening.py: with writer.Writer and with reader.Reader. apsw refuses a connection that two threads use at a time.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol, TypeVar, cast

import apsw

from attune_controller.store.errors import StoreBusy, StoreClosed, StoreFailed
from attune_core.errors import AttuneError

T = TypeVar("T")

#: At most so many callers share one transaction (G1).
BATCH = 256
#: At most so many callers wait; the next one is refused with StoreBusy.
WAITING = 16_384


@dataclass(frozen=True, kw_only=True, slots=True)
class Relay:
    """How an operation belongs to others that are to share its transaction: what one caller stores, another goes on with at once."""

    #: Another caller comes with the next operation at once; the commit waits for it a moment.
    followed: bool = False
    #: It is such a next operation.
    follows: bool = False
    #: It only reads, and what it returns goes to its caller before the commit; `after` is how that caller's next operation says so.
    early: bool = False
    #: Whose result this goes by: when that could not be committed, this does not happen.
    after: "Ticket | None" = None


@dataclass(eq=False, slots=True)
class Ticket:
    """One caller's operation, what became of it, and where the caller waits."""

    operation: Callable[[apsw.Connection], object]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[object]
    relay: "Relay"
    result: object = None
    error: BaseException | None = None

    def answer(self) -> None:
        """Wake the caller, on its loop; one that gave up meanwhile is not there any more, but what was committed is."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


#: Waits so many seconds for the next tickets and returns them.
More = Callable[[float], Sequence[Ticket]]


class Serving(Protocol):
    """What the thread does with its connection."""

    def serve(self, batch: list[Ticket], more: "More") -> AttuneError | None:
        """Fill result or error of each ticket, and of those it asks for and adds; a returned error means that nothing more is possible."""
        ...

    def rest(self, *, idle: bool) -> None:
        """Do what can wait until the callers are answered; idle when nobody is waiting."""
        ...

    def end(self) -> None:
        """Close the connection."""
        ...


#: An operation that has to do with no other.
ALONE = Relay()


class ConnectionThread:
    """Runs operations in the order of their arrival, in batches of what is waiting."""

    def __init__(self, serving: Serving, name: str) -> None:
        """Start the thread; a program that dies without closing the store is not held up by it."""
        self._serving = serving
        self._letterbox: SimpleQueue[Ticket | None] = SimpleQueue()
        self._closed = False
        self._refusal: AttuneError | None = None
        self._thread = Thread(target=self._live, name=name, daemon=True)
        self._thread.start()

    async def run(self, operation: Callable[[apsw.Connection], T], relay: Relay = ALONE) -> T:
        """Return what the operation returns once that is certain (for the writer: once it is on the disk), or raise what it raises.

        A caller that is cancelled while it waits does not undo the operation.
        """
        return cast("T", await self.submit(operation, relay).future)

    def submit(self, operation: Callable[[apsw.Connection], T], relay: Relay) -> Ticket:
        """Hand an operation in and return its ticket."""
        if self._closed:
            raise StoreClosed
        if self._refusal is not None:
            raise type(self._refusal)(self._refusal.message)
        if self._letterbox.qsize() >= WAITING:
            raise StoreBusy(f"{WAITING} requests wait for the store")
        loop = asyncio.get_running_loop()
        ticket = Ticket(operation=operation, loop=loop, future=loop.create_future(), relay=relay)
        self._letterbox.put(ticket)
        return ticket

    @property
    def waiting(self) -> int:
        """How many callers wait."""
        return self._letterbox.qsize()

    @property
    def refusal(self) -> AttuneError | None:
        """Why nothing is served any more."""
        return self._refusal

    async def close(self) -> None:
        """Finish what waits, close the connection and end the thread."""
        if not self._closed:
            self._closed = True
            self._letterbox.put(None)
        await asyncio.to_thread(self._thread.join)

    def _live(self) -> None:
        going = True
        while going:
            batch, going = self._collect()
            if batch:
                self._serve(batch)
                self._serving.rest(idle=self._letterbox.empty())
        self._serving.end()

    def _collect(self) -> tuple[list[Ticket], bool]:
        """Wait for the first ticket and take what came with it; False, with nothing, after the last one ever."""
        first = self._letterbox.get()
        if first is None:
            return [], False
        batch = [first]
        with contextlib.suppress(Empty):
            while len(batch) < BATCH and (ticket := self._before_the_end(self._letterbox.get_nowait())):
                batch.append(ticket)
        return batch, True

    def _more(self, seconds: float) -> Sequence[Ticket]:
        try:
            ticket = self._before_the_end(self._letterbox.get(timeout=seconds))
        except Empty:
            return ()
        return () if ticket is None else (ticket,)

    def _before_the_end(self, ticket: Ticket | None) -> Ticket | None:
        """Leave the end in the letterbox until the batch before it is served: whoever waits for a follower must see that none comes."""
        if ticket is None:
            self._letterbox.put(None)
        return ticket

    def _serve(self, batch: list[Ticket]) -> None:
        if self._refusal is None:
            try:
                self._refusal = self._serving.serve(batch, self._more)
            except Exception as error:  # noqa: BLE001 - a defect must not leave callers waiting for a thread that died
                self._refusal = StoreFailed(f"the store broke down ({type(error).__name__}: {error})")
        if self._refusal is not None:  # some may have come while the batch that failed was served
            for ticket in batch:
                ticket.error = ticket.error or type(self._refusal)(self._refusal.message)
        answer(batch)


def answer(batch: list[Ticket]) -> None:
    """Wake the callers of a batch with one call into their loop (several loops occur in tests only)."""
    for loop in dict.fromkeys(ticket.loop for ticket in batch):
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to hear it
            loop.call_soon_threadsafe(partial(_answer, loop, [ticket for ticket in batch if ticket.loop is loop]))


def _answer(loop: asyncio.AbstractEventLoop, batch: list[Ticket]) -> None:
    """First who is at the end of a relay, because that is what everything before it is for: a hand-over goes before its 2xx.

    The others a turn later: what that caller wakes, which is what sends it, goes before them as well.
    """
    ends = [ticket for ticket in batch if ticket.relay.follows and not ticket.relay.followed]
    for ticket in ends:
        ticket.answer()
    if ends:
        loop.call_soon(_answer_each, batch)
    else:
        _answer_each(batch)


def _answer_each(batch: list[Ticket]) -> None:
    for ticket in batch:
        ticket.answer()
