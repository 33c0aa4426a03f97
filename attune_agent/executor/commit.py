"""Group commit: all starts and ends of one iteration of the loop become durable in one frame and one sync, and only then take effect.

`starting` and `slots` hand records in with what to do afterwards; `executor` calls `commit` once per iteration. The order is the promise
(reliability.md G5): the sync returns, then keepers are told to start, then the agent is told of starts and ends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from attune_agent.executor.fields import Fields
from attune_agent.executor.journal import Journal, JournalFull
from attune_agent.executor.ledger import Held, Key, Ledger, end_record, start_record
from attune_agent.executor.protocol import OutcomeMessage
from attune_agent.executor.spawn import describe_os_error

_TRY_AGAIN = 1.0


@dataclass(slots=True)
class PendingStart:
    """A start that is not durable yet."""

    held: Held
    done: Callable[[], None]
    failed: Callable[[str], None]


class GroupCommit:
    """What is to be written at the end of this iteration."""

    def __init__(self, journal: Journal, ledger: Ledger) -> None:
        self._journal = journal
        self._ledger = ledger
        self._starts: dict[Key, PendingStart] = {}
        self._ends: list[tuple[OutcomeMessage, Callable[[], None]]] = []
        self._loose: list[Fields] = []
        #: When to try again after the disk was full.
        self.wake_at = inf

    def start(self, pending: PendingStart) -> None:
        """Record a start; `done` runs when it is durable, `failed` with the reason when it cannot be written (nothing is recorded)."""
        self._starts[(pending.held.execution, pending.held.attempt)] = pending

    def is_pending(self, key: Key) -> bool:
        """Tell whether this start was handed in during the present iteration."""
        return key in self._starts

    def end(self, outcome: OutcomeMessage, done: Callable[[], None]) -> None:
        """Record an end; `done` runs when it is durable, however long a full disk delays that."""
        self._ends.append((outcome, done))

    def loose(self, record: Fields) -> None:
        """Record something that needs no sync of its own."""
        self._ledger.apply(record)
        self._loose.append(record)

    @property
    def ends_waiting(self) -> bool:
        """Whether an end is not durable yet."""
        return bool(self._ends)

    def commit(self, now: float) -> bool:
        """Write what was handed in and tell whether an end was among it; a broken journal raises and ends the process."""
        if not (self._starts or self._loose or (self._ends and (now >= self.wake_at or self.wake_at == inf))):
            return False
        starts, self._starts = list(self._starts.values()), {}
        ends, loose = self._ends, self._loose
        durable = [*(start_record(pending.held) for pending in starts), *(end_record(outcome) for outcome, _ in ends)]
        try:
            self._journal.append([*loose, *durable], durable=bool(durable))
        except JournalFull as error:
            self._refuse(starts, error, now)
            return False
        self._ends, self._loose, self.wake_at = [], [], inf
        for pending in starts:
            self._ledger.started(pending.held)
        for outcome, _ in ends:
            self._ledger.ended(outcome)
        for pending in starts:
            pending.done()
        for _, done in ends:
            done()
        if self._ends:  # of a start that failed just now; nothing else may wake the loop
            self.wake_at = now
        return bool(ends)

    def _refuse(self, starts: list[PendingStart], error: JournalFull, now: float) -> None:
        """Starts are taken back; ends and what needs no sync wait for space."""
        self.wake_at = now + _TRY_AGAIN
        for pending in starts:
            pending.failed(f"the journal: {describe_os_error(error)}")
