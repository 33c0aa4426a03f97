"""Tally: what the controller counts since its start, for those who watch it; a few additions on the path of an event.

Told by intake, by whatever settles executions, and by hooks; read by `watch`. Labels come from closed lists, names of hooks aside, which
are the repository's.
"""

from collections import Counter
from collections.abc import Iterable

from attune_controller.store.records.events import Acceptance, NewEvent
from attune_controller.store.records.executions import Execution
from attune_controller.watched.recent import Recent
from attune_core.ports import Clock
from attune_core.states import Outcome, State

#: Pairs of hook and code that are told apart; revisions may rename hooks for ever.
MOST = 500
_OTHER = ("other", "other")


class Tally:
    """Counts that only grow."""

    def __init__(self, clock: Clock) -> None:
        """Begin with none of anything; what may happen is there with 0, so that whoever watches sees the first one."""
        self.recent_events = Recent(clock)
        self.recent_outcomes = {outcome: Recent(clock) for outcome in Outcome}
        self.events = Counter(dict.fromkeys(("accepted", "duplicate", "dead_letter"), 0))
        self.settled = Counter({outcome.value: 0 for outcome in Outcome})
        self.refused: Counter[tuple[str, str]] = Counter()

    def event(self, event: NewEvent, acceptance: Acceptance) -> None:
        """Count an event that came, unless it came under the id of another one: intake itself counts those."""
        if acceptance.differs:
            return
        self.recent_events.add()
        self.events["duplicate" if acceptance.duplicate else "dead_letter" if event.dead else "accepted"] += 1

    def moved(self, executions: Iterable[Execution]) -> None:
        """Count those that have ended now."""
        for one in executions:
            if one.state is State.SETTLED and one.outcome is not None:
                self.settled[one.outcome.value] += 1
                self.recent_outcomes[one.outcome].add()

    def hook_refused(self, hook: str, code: str) -> None:
        """Count a request to a hook that was not taken."""
        self.refused[(hook, code) if len(self.refused) < MOST or (hook, code) in self.refused else _OTHER] += 1
