"""The one writer: what waits becomes one transaction with one sync, each caller in a savepoint of its own.

Runs in its ConnectionThread; also does the checkpoints, because a checkpoint beside a writer is how SQLite's WAL was once corrupted.
"""

import contextlib
from collections.abc import Callable
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from typing import TypeVar, cast

import apsw

from attune_controller.store.errors import StoreBusy, StoreFull
from attune_controller.store.sqlite.accepting import AcceptEvents, accept_new
from attune_controller.store.sqlite.connection_thread import ALONE, BATCH, More, Ticket, answer
from attune_controller.store.sqlite.failures import OF_THE_DISK, explained
from attune_controller.store.sqlite.reserve import Reserve
from attune_core.errors import AttuneError

T = TypeVar("T")

#: Pages in the log from which it is written back into the database when nobody waits, and from which somebody has to wait for it.
CHECKPOINT_IDLE, CHECKPOINT_BUSY = 1_000, 4_000
#: The longest wait for an operation that follows at once, seconds; what comes meanwhile gains by it.
PATIENCE = 0.002


class Writer:
    """Serves the connection that may write."""

    def __init__(self, connection: apsw.Connection, reserve: Reserve) -> None:
        """Take over the connection and, instead of SQLite's own automatic, its checkpoints; the reserve is given up on a full disk."""
        self._connection, self._reserve = connection, reserve
        self._log_pages = 0
        connection.set_wal_hook(self._count_pages)

    def serve(self, batch: list[Ticket], more: More) -> AttuneError | None:
        """Commit the batch; on a full disk nobody's operation happened, on any other trouble with the disk nothing is tried again."""
        try:
            self._commit(batch, more)
        except apsw.Error as error:
            self._roll_back()
            for ticket in batch:
                ticket.error = explained(error, self._connection.filename)
            final = explained(error, self._connection.filename)
            if isinstance(final, StoreFull):
                self._reserve.give_up()
            return None if isinstance(final, StoreFull | StoreBusy) else final
        return None

    def _commit(self, batch: list[Ticket], more: More) -> None:
        """Run what is there and what follows it at once, then commit: an event, its plan and its hand-over are one sync that way."""
        self._connection.execute("BEGIN IMMEDIATE")
        awaited, done = False, 0
        while done < len(batch):  # which grows
            done += self._next(batch, done)
            last = batch[done - 1]
            awaited = (awaited and not last.relay.follows) or _is_followed(last)
            if awaited and done == len(batch) < BATCH:
                batch.extend(more(PATIENCE))
        self._connection.execute("COMMIT")

    def _next(self, batch: list[Ticket], place: int) -> int:
        """Run the next ticket, and with it those behind it that also only bring events; return how many that were."""
        ticket = batch[place]
        alike = list(takewhile(_only_accepts, islice(batch, place, None)))
        if len(alike) > 1:
            self._run_together(alike)
            return len(alike)
        if ticket.relay.early:
            self._look(ticket)
        else:
            self._run(ticket)
        return 1

    def _look(self, ticket: Ticket) -> None:
        """Answer a caller that only reads; there is nothing to take back."""
        try:
            ticket.result = ticket.operation(self._connection)
        except OF_THE_DISK:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is that caller's, and reaches it
            ticket.error = error
        answer([ticket])

    def _run(self, ticket: Ticket) -> None:
        after = ticket.relay.after
        if after is not None and after.error is not None:  # what it goes by was taken back
            ticket.error = after.error
            return
        ticket.result, ticket.error = self._attempt(ticket.operation)

    def _run_together(self, tickets: list[Ticket]) -> None:
        """Store the events of several callers with as few statements as those of one; unless all of them are new, each by itself."""
        asked = [ticket.operation.events for ticket in tickets if isinstance(ticket.operation, AcceptEvents)]
        found, _ = self._attempt(partial(accept_new, asked=asked))
        if found is None:
            for ticket in tickets:
                self._run(ticket)
        else:
            for ticket, acceptances in zip(tickets, found, strict=True):
                ticket.result = acceptances

    def _attempt(self, operation: Callable[[apsw.Connection], T]) -> tuple[T | None, Exception | None]:
        """Return what an operation returns, or what it raises, and then nothing of it happened."""
        result: T | None = None
        failure: Exception | None = None
        self._connection.execute("SAVEPOINT caller")
        try:
            result = operation(self._connection)
        except OF_THE_DISK:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is that caller's, and reaches it
            failure = error
            self._connection.execute("ROLLBACK TO caller")
        self._connection.execute("RELEASE caller")
        return result, failure

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(apsw.Error):  # the disk refuses; the callers hear of the first error
                self._connection.execute("ROLLBACK")

    def rest(self, *, idle: bool) -> None:
        """Write the log back now and then; a disk that refuses this tells the next commit too, which answers somebody."""
        if self._log_pages >= (CHECKPOINT_IDLE if idle else CHECKPOINT_BUSY) and self._leaves_room():
            self._log_pages = 0
            with contextlib.suppress(apsw.Error):
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def _leaves_room(self) -> bool:
        """Tell whether the database may grow by what is in the log: on the reserve it takes at most half of what is left for others.

        Afterwards the log is written again from its beginning, which needs no space; but not at the price of the reserve itself.
        """
        if not self._reserve.given_up:
            return True
        file = Path(self._connection.filename)
        with contextlib.suppress(apsw.Error, OSError):
            pages, size = (cast("int", self._connection.pragma(word)) for word in ("page_count", "page_size"))
            return 2 * (pages * size - file.stat().st_size) <= self._reserve.room()
        return False

    def end(self) -> None:
        """Leave a store without a log behind, if the disk lets it; the log is as good."""
        with contextlib.suppress(apsw.Error):
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._connection.close(force=True)

    def _count_pages(self, connection: apsw.Connection, schema: str, pages: int) -> int:  # noqa: ARG002 - SQLite's signature
        self._log_pages = pages
        return apsw.SQLITE_OK


def _is_followed(ticket: Ticket) -> bool:
    """Tell whether somebody is on the way with what follows; whoever is given nothing early has nothing to follow it with."""
    return ticket.error is None and (bool(ticket.result) if ticket.relay.early else ticket.relay.followed)


def _only_accepts(ticket: Ticket) -> bool:
    return ticket.relay is ALONE and isinstance(ticket.operation, AcceptEvents)
