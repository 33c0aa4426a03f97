"""The reader: queries beside the writer, which see everything that was answered before they began.

Runs in its ConnectionThread on a read-only connection, so that a long page for the API holds up no commit.
"""

import apsw

from attune_controller.store.errors import StoreDamaged
from attune_controller.store.sqlite.connection_thread import More, Ticket, answer
from attune_controller.store.sqlite.failures import OF_THE_DISK, explained
from attune_core.errors import AttuneError


class Reader:
    """Serves the connection that only reads."""

    def __init__(self, connection: apsw.Connection) -> None:
        """Take over the connection."""
        self._connection = connection

    def serve(self, batch: list[Ticket], more: More) -> AttuneError | None:  # noqa: ARG002 - nothing here waits for company
        """Answer one by one, so that a short query does not wait for a long one behind it.

        A failed read is that caller's alone, unless the file is damaged: then nothing that it says is believed any more.
        """
        for ticket in batch:
            try:
                ticket.result = ticket.operation(self._connection)
            except OF_THE_DISK as error:
                ticket.error = explained(error, self._connection.filename)
                if isinstance(ticket.error, StoreDamaged):
                    return explained(error, self._connection.filename)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is that caller's, and reaches it
                ticket.error = error
            answer([ticket])
        return None

    def rest(self, *, idle: bool) -> None:
        """Nothing can wait."""

    def end(self) -> None:
        """Close the connection."""
        self._connection.close(force=True)
