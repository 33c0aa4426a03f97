"""The one writer: what waits becomes one transaction with one sync, each caller in a savepoint of its own.

Runs in its ConnectionThread; also does the checkpoints, because a checkpoint beside a writer is how SQLite's WAL was once corrupted.
"""

import contextlib

import apsw

from attune_controller.store.errors import StoreBusy, StoreFull
from attune_controller.store.sqlite.connection_thread import Ticket
from attune_controller.store.sqlite.failures import OF_THE_DISK, explained
from attune_controller.store.sqlite.reserve import Reserve
from attune_core.errors import AttuneError

#: Pages in the log from which it is written back into the database when nobody waits, and from which somebody has to wait for it.
CHECKPOINT_IDLE, CHECKPOINT_BUSY = 1_000, 4_000


class Writer:
    """Serves the connection that may write."""

    def __init__(self, connection: apsw.Connection, reserve: Reserve) -> None:
        """Take over the connection and, instead of SQLite's own automatic, its checkpoints; the reserve is given up on a full disk."""
        self._connection, self._reserve = connection, reserve
        self._log_pages = 0
        connection.set_wal_hook(self._count_pages)

    def serve(self, batch: list[Ticket]) -> AttuneError | None:
        """Commit the batch; on a full disk nobody's operation happened, on any other trouble with the disk nothing is tried again."""
        try:
            self._commit(batch)
        except apsw.Error as error:
            self._roll_back()
            for ticket in batch:
                ticket.error = explained(error, self._connection.filename)
            final = explained(error, self._connection.filename)
            if isinstance(final, StoreFull):
                self._reserve.give_up()
            return None if isinstance(final, StoreFull | StoreBusy) else final
        return None

    def _commit(self, batch: list[Ticket]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        for ticket in batch:
            connection.execute("SAVEPOINT caller")
            try:
                ticket.result = ticket.operation(connection)
            except OF_THE_DISK:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is that caller's, and reaches it
                ticket.error = error
                connection.execute("ROLLBACK TO caller")
            connection.execute("RELEASE caller")
        connection.execute("COMMIT")

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(apsw.Error):  # the disk refuses; the callers hear of the first error
                self._connection.execute("ROLLBACK")

    def rest(self, *, idle: bool) -> None:
        """Write the log back now and then; a disk that refuses this tells the next commit too, which answers somebody."""
        if self._log_pages >= (CHECKPOINT_IDLE if idle else CHECKPOINT_BUSY):
            self._log_pages = 0
            with contextlib.suppress(apsw.Error):
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def end(self) -> None:
        """Leave a store without a log behind, if the disk lets it; the log is as good."""
        with contextlib.suppress(apsw.Error):
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._connection.close(force=True)

    def _count_pages(self, connection: apsw.Connection, schema: str, pages: int) -> int:  # noqa: ARG002 - SQLite's signature
        self._log_pages = pages
        return apsw.SQLITE_OK
