"""Groups: what the store is asked of events that throttles let wait; `Events.record_plans` writes them.

Part of store.port.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attune_controller.store.records.events import Event
from attune_controller.store.records.groups import GroupEnd, Horizon, OpenGroups
from attune_core.rules.groups import Group
from attune_core.rules.throttling import ThrottleKey


class Groups(Protocol):
    """Events that wait to be fired for together."""

    async def open_groups(self, keys: Sequence[ThrottleKey], *, since: float, until: float, limit: int) -> OpenGroups:
        """Return the open groups of keys, and at most `limit` of those that are due at a time between `since` and `until`."""
        ...

    async def groups_due_first(self, rule: str, *, limit: int) -> Sequence[Group]:
        """Return the groups of a rule that are due first."""
        ...

    async def horizon(self) -> Horizon:
        """Return when the next group is due."""
        ...

    async def list_groups(self, *, after: ThrottleKey, limit: int, rule: str | None = None) -> Sequence[Group]:
        """Return a page of open groups by rule and key, of one rule or of all, those above `after`."""
        ...

    async def group_end(self, key: ThrottleKey, position: int, *, after: float = float("inf")) -> GroupEnd | None:
        """Return what came of the first group of a key that stood for this event or a later one, or ended after a time."""
        ...

    async def events_at(self, positions: Sequence[int]) -> Mapping[int, Event]:
        """Return the events at these positions that are still kept."""
        ...
