"""The facts of the groups of events that throttles let an event wait in, or that it ended because it was what they waited for.

Called by `events` for the rules that may have had something to do with the event; what is said of them is attune_core.explanations.groups.
"""

import asyncio
from dataclasses import dataclass, field

from attune_controller.explaining.sources import Sources
from attune_controller.store.records.events import Event
from attune_controller.store.records.groups import GroupEnd
from attune_core.catalog.catalog import Catalog, Throttle
from attune_core.explanations.wording import one_line
from attune_core.ports import rfc3339
from attune_core.rules.firing import Asks, fire
from attune_core.rules.groups import Group
from attune_core.rules.throttle_text import throttle_text
from attune_core.rules.throttling import ThrottleKey
from attune_core.values import JsonObject
from attune_core.wire.explanations import GroupView

#: Rules whose groups are looked for, and events of a group that are named.
_RULES, _EVENTS = 20, 20
#: How exactly the time of a group's end is that of the event that ended it; seconds.
_EXACT = 0.001


@dataclass(frozen=True)
class EventGroups:
    """The groups that an event waits or waited in, and those that it ended as what they waited for, by rule."""

    waits: dict[str, GroupView] = field(default_factory=dict)
    answered: dict[str, GroupView] = field(default_factory=dict)


async def groups_of(sources: Sources, catalog: Catalog, event: Event, activation: JsonObject) -> EventGroups:
    """Look for them, by the rules of a catalog."""
    found = EventGroups()
    if not catalog.gathers:
        return found
    firings = await asyncio.to_thread(fire, event.new.type, activation, catalog)
    for ask in [one.ask for one in firings if isinstance(one, Asks)][:_RULES]:
        rule = ask.rule
        if rule.throttle is None:
            continue
        if ask.answers:
            end = await sources.store.group_end(ask.key, event.position, after=event.new.received_at - _EXACT)
            if end is not None and end.by == event.position:
                found.answered[rule.ref] = ended_view(end, rule.throttle)
        elif view := await _waits(sources, rule.throttle, ask.key, event):
            found.waits[rule.ref] = view
    return found


async def _waits(sources: Sources, throttle: Throttle, key: ThrottleKey, event: Event) -> GroupView | None:
    received_at = event.new.received_at
    after = received_at if throttle.form == "absence" else float("inf")
    end = await sources.store.group_end(key, event.position, after=after)
    if end is not None and (event.position in end.members or end.opened_at <= received_at):
        return ended_view(end, throttle)
    page = await sources.store.open_groups([key], since=float("inf"), until=float("-inf"), limit=1)
    group = next((one for one in page.groups if one.key == key), None)
    if group is None or group.opened_at > received_at:
        return None
    return open_view(group, throttle)


def open_view(group: Group, throttle: Throttle) -> GroupView:
    """Return a group that is open."""
    return GroupView(
        throttle=throttle_text(throttle),
        key=one_line(group.key[1], 120),
        opened_at=rfc3339(group.opened_at),
        due_at=rfc3339(group.due),
        count=group.count,
        at_least=throttle.at_least,
        at_most=throttle.at_most,
        events=tuple(one.position for one in group.members[-_EVENTS:]),
        last=group.last,
    )


def ended_view(end: GroupEnd, throttle: Throttle) -> GroupView:
    """Return a group that has ended."""
    return GroupView(
        throttle=throttle_text(throttle),
        key=one_line(end.key[1], 120),
        opened_at=rfc3339(end.opened_at),
        count=end.count,
        at_least=throttle.at_least,
        at_most=throttle.at_most,
        events=end.members[-_EVENTS:],
        last=end.members[-1],
        ended_at=rfc3339(end.ended_at),
        outcome=end.outcome,
        detail=one_line(end.detail),
        by=end.by,
    )
