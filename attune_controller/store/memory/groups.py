"""Groups of waiting events in memory: those that are open, and what came of those that have ended.

Part of MemoryStore; events.py writes both with the plans that change them.
"""

from collections.abc import Mapping, Sequence

from attune_controller.store.memory.opened import Opened
from attune_controller.store.memory.tables import Tables
from attune_controller.store.records.events import Event
from attune_controller.store.records.groups import EndedGroup, GroupEnd, Horizon, OpenGroups
from attune_core.rules.groups import Group
from attune_core.rules.throttling import ThrottleKey


class MemoryGroups(Opened):
    """See port.Groups."""

    async def open_groups(self, keys: Sequence[ThrottleKey], *, since: float, until: float, limit: int) -> OpenGroups:
        """See the port."""
        groups = self.tables.groups
        due = sorted((one for one in groups.values() if one.due <= until or one.back >= since), key=lambda one: (one.due, one.key))
        found = {group.key: group for group in due[:limit]} | {key: groups[key] for key in keys if key in groups}
        counts = {rule: sum(key[0] == rule for key in groups) for rule in {key[0] for key in keys}}
        return OpenGroups(groups=tuple(found.values()), more=len(due) > limit, counts=counts)

    async def groups_due_first(self, rule: str, *, limit: int) -> Sequence[Group]:
        """See the port."""
        mine = (one for one in self.tables.groups.values() if one.key[0] == rule)
        return sorted(mine, key=lambda one: (one.due, one.key))[:limit]

    async def horizon(self) -> Horizon:
        """See the port."""
        found = Horizon()
        for group in self.tables.groups.values():
            found = found.with_group(group)
        return found

    async def list_groups(self, *, after: ThrottleKey, limit: int, rule: str | None = None) -> Sequence[Group]:
        """See the port."""
        found = (one for one in self.tables.groups.values() if one.key > after and rule in {None, one.key[0]})
        return sorted(found, key=lambda one: one.key)[:limit]

    async def group_end(self, key: ThrottleKey, position: int, *, after: float = float("inf")) -> GroupEnd | None:
        """See the port."""
        ends = self.tables.group_ends.get(key, {})
        last = min((one for one, end in ends.items() if one >= position or end.ended_at > after), default=None)
        return None if last is None else ends[last]

    async def events_at(self, positions: Sequence[int]) -> Mapping[int, Event]:
        """See the port."""
        return {position: self.tables.events[position] for position in positions if position in self.tables.events}


def end_group(tables: Tables, ended: EndedGroup) -> bool:
    """Take an open group away and keep what came of it; False when it is not as it was."""
    group = ended.group
    if not is_open(tables, ended):
        return False
    del tables.groups[group.key]
    end = GroupEnd(
        key=group.key,
        opened_at=group.opened_at,
        ended_at=ended.at,
        count=group.count,
        members=tuple(one.position for one in group.members),
        outcome=ended.outcome,
        detail=ended.detail,
        by=ended.by,
        revision=ended.revision,
    )
    tables.group_ends.setdefault(group.key, {})[group.last] = end
    return True


def is_open(tables: Tables, ended: EndedGroup) -> bool:
    """Tell whether a group is as it was when its end was planned."""
    found = tables.groups.get(ended.group.key)
    return found is not None and found.last == ended.group.last


def forget_ends(tables: Tables, position: int) -> None:
    """Forget what came of the groups that stood for an event."""
    for key in [key for key, ends in tables.group_ends.items() if position in ends]:
        del tables.group_ends[key][position]
        if not tables.group_ends[key]:
            del tables.group_ends[key]
