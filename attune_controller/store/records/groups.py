"""Groups of events that throttles let wait, as the store keeps them: those that are open, what came of one, and for how long that is known.

Written by planning, with the plans that change them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import NewExecution
from attune_controller.store.records.plans import PlannedEvent
from attune_core.rules.groups import Group
from attune_core.rules.throttling import ThrottleKey


@dataclass(frozen=True, kw_only=True)
class EndedGroup:
    """The whole consequence of a group's end, committed in one transaction. Its executions are of the event that it stands for.

    `outcome` is a word of `attune_core.rules.ending`, or what became of its executions; `by` is the event that ended it, 0 for time.
    """

    group: Group
    at: float
    outcome: str
    revision: str
    detail: str = ""
    by: int = 0
    executions: tuple[NewExecution, ...] = ()
    notices: tuple[NewEvent, ...] = ()

    @property
    def position(self) -> int:
        """The position of the event that the group stands for."""
        return self.group.last


#: What planning commits, in its order.
Plan: TypeAlias = PlannedEvent | EndedGroup


@dataclass(frozen=True, kw_only=True)
class GroupEnd:
    """What came of a group, kept as long as the event that it stood for; `members` are the positions of its events that were kept."""

    key: ThrottleKey
    opened_at: float
    ended_at: float
    count: int
    members: tuple[int, ...]
    outcome: str
    detail: str
    by: int
    revision: str


@dataclass(frozen=True, kw_only=True)
class OpenGroups:
    """Open groups as planning wants them: those of some keys, and those that are due, the first due first.

    `more`: not all that are due are here. `counts`: how many groups each rule of the keys has open.
    """

    groups: tuple[Group, ...] = ()
    more: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """Between which times no group is due; infinite without any."""

    after: float = float("-inf")
    before: float = float("inf")

    def is_reached(self, at: float) -> bool:
        """Tell whether a group may be due."""
        return not self.after < at < self.before

    def with_group(self, group: Group) -> "Horizon":
        """Return it with one more group open."""
        return Horizon(after=max(self.after, group.back), before=min(self.before, group.due))
