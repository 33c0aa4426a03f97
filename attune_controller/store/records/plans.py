"""Plans as the store keeps them: the whole consequence of one event, for one transaction.

Written by planning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import NewExecution
from attune_core.dead_letters import DeadLetter
from attune_core.rules.groups import Group
from attune_core.rules.throttling import Admission, ThrottleKey


@dataclass(frozen=True, kw_only=True)
class PlannedEvent:
    """The whole consequence of one event, committed in one transaction (G3)."""

    #: 0: the event is not stored yet.
    position: int
    revision: str
    executions: tuple[NewExecution, ...] = ()
    #: Set: the event is a dead letter.
    dead: DeadLetter | None = None
    #: Kept in the event's `reason` although it was planned: rules whose condition failed with an error, and throttled firings.
    note: str = ""
    #: Firings that throttles admitted: each is from now on the last of its key.
    admissions: Mapping[ThrottleKey, Admission] = field(default_factory=dict)
    #: The groups that the event waits in, as they are with it.
    groups: tuple[Group, ...] = ()
    #: Events that tell of what could not be done, committed with it.
    notices: tuple[NewEvent, ...] = ()

    def at(self, position: int) -> "PlannedEvent":
        """Return the plan, made before its event was stored, with the position that the event has taken."""
        return replace(self, position=position, executions=tuple(replace(new, event=position) for new in self.executions))
