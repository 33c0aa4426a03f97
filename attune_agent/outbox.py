"""Reports that are durable here and not yet at the controller, in the order of their commits; step 8 of design §4.

Filled by the ledger, emptied by the uplink: what is still here when a session ends is sent again in the next one.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

import structlog

from attune_agent.errors import StateUnwritable
from attune_agent.state.port import AgentState
from attune_agent.state.records import OutboxRow, ReportText

_log = structlog.get_logger(__name__)


class Outbox:
    """At-least-once: a row leaves when the controller has said that it is durable there."""

    def __init__(self, state: AgentState, rows: Iterable[OutboxRow] = ()) -> None:
        """Start with what the last life left."""
        self._state = state
        self._rows = deque(rows)
        #: Told when there is something to send.
        self.filled: Callable[[], None] = _nobody

    def add(self, number: int, report: ReportText) -> None:
        """Take a report whose commit is done; numbers come in increasing order."""
        self._rows.append(OutboxRow(number, report))
        self.filled()

    def next(self, *, count: int, size: int) -> Sequence[OutboxRow]:
        """Return the oldest rows: at most `count`, and as many as fit into `size` bytes, but at least one if there is one."""
        taken: list[OutboxRow] = []
        room = size
        for row in self._rows:
            room -= len(row.report.encode())
            if len(taken) == count or (taken and room < 0):
                break
            taken.append(row)
        return taken

    def rows(self) -> Sequence[OutboxRow]:
        """Return all of them."""
        return list(self._rows)

    def acknowledged(self, number: int) -> None:
        """The controller has everything up to this row."""
        while self._rows and self._rows[0].number <= number:
            self._rows.popleft()
        dropped = self._state.drop_reports(number)
        dropped.add_done_callback(lambda future: _heard(future.exception()))

    def __len__(self) -> int:
        return len(self._rows)


def _heard(error: BaseException | None) -> None:
    """A drop that failed costs a second sending after a restart, no more; the next drop includes it."""
    if isinstance(error, StateUnwritable):
        _log.warning("acknowledged reports stay on disk", error=str(error))
    elif error is not None:
        raise error


def _nobody() -> None:
    """Nobody listens yet."""
