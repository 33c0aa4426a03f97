"""Groups of waiting events, as planning meets them: when the next one is due, and what a batch of events and the time do to them.

Used by `planning` alone; the decisions are the pure `gathering` and `ending`. While nothing waits, no batch costs a look at the store.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import structlog

from attune_controller.drafting import Draft, Drafted, occurrence
from attune_controller.store.ports.events import Events
from attune_controller.store.ports.groups import Groups
from attune_controller.store.records.events import Event
from attune_controller.store.records.groups import EndedGroup, Horizon, OpenGroups, Plan
from attune_controller.suspects import SET_ASIDE, Suspects
from attune_core.catalog.catalog import Catalog
from attune_core.rules.ending import Lapse, Lapsed, Outcome, what_of
from attune_core.rules.firing import Failed, Fired, Rejected
from attune_core.rules.gathering import GROUPS, Gathering
from attune_core.rules.groups import Ended, Group, Why
from attune_core.rules.throttling import ThrottleKey, Throttles

#: Groups that end in one transaction because their time has come.
DUE = 64


@dataclass(frozen=True, kw_only=True)
class EventTaken:
    """An event of a batch, and what it causes."""

    event: Event
    drafted: Drafted

    @property
    def drafts(self) -> Sequence[Draft]:
        """What becomes executions."""
        return self.drafted.drafts

    @property
    def failed(self) -> Sequence[Failed]:
        """The rules whose condition could not be evaluated."""
        return self.drafted.failed


@dataclass(frozen=True, kw_only=True)
class GroupEnded:
    """A group that has ended, and what it gives; `event` is the one that it stands for, None when it is not kept any more."""

    ended: Ended
    outcome: Outcome
    event: Event | None

    @property
    def drafts(self) -> Sequence[Draft]:
        """What becomes executions."""
        return [self.outcome] if isinstance(self.outcome, Fired | Rejected) else []

    @property
    def failed(self) -> Sequence[Failed]:
        """The rule, if its condition could not be evaluated."""
        return [self.outcome] if isinstance(self.outcome, Failed) else []


#: What a batch comes to, in order.
Step: TypeAlias = EventTaken | GroupEnded


class GroupStore(Events, Groups, Protocol):
    """The part of the store that is used here."""


class WaitingGroups:
    """What planning knows of groups."""

    def __init__(self, store: GroupStore, suspects: Suspects) -> None:
        """Know nothing yet; `suspects` remembers the group that was being ended when the controller died."""
        self._store, self._suspects = store, suspects
        self._horizon: Horizon | None = None
        #: Whether nothing was ended since the start, and how many groups are to be ended one by one.
        self._fresh, self._careful = True, 0
        #: Groups that a rule may have open, and the rules of which it was said that they have.
        self.limit = GROUPS
        self._full = set[str]()
        self._log = structlog.get_logger("planning")

    async def wait(self, now: float) -> float | None:
        """Return the seconds until something may be due, None when nothing waits."""
        horizon = await self._known()
        return None if horizon == Horizon() else max(horizon.before - now, 0.0)

    async def may_be_due(self, at: float) -> bool:
        """Tell whether a group may have ended by a time."""
        return (await self._known()).is_reached(at)

    async def due(self, at: float, catalog: Catalog) -> Sequence[GroupEnded]:
        """Return groups that have ended by a time, the first due first, DUE at most; until they are committed they are there still."""
        found = await self._store.open_groups([], since=at, until=at, limit=DUE)
        self._horizon = None
        ended = list(Gathering(found.groups).due(at))
        if ended and self._fresh:
            self._fresh = False
            self._careful = DUE if self._suspects.begin(ended[0].group.last) else 0
        if ended and self._careful:
            self._careful, ended = self._careful - 1, ended[:1]
            if self._suspects.convict(ended[0].group.last):
                return [self._set_aside(ended[0])]
        return await self._judged(ended, {}, catalog)

    async def steps(self, events: Sequence[Event], drafted: Sequence[Drafted], throttles: Throttles, catalog: Catalog) -> Sequence[Step]:
        """Return what a batch comes to, of which nothing was due before its first event; it may be cut after that one."""
        keys = sorted({ask.key for one in drafted if one.firings for ask in one.asks})
        times = [event.new.received_at for event in events]
        horizon = await self._known()
        if not keys and not (horizon.is_reached(min(times)) or horizon.is_reached(max(times))):
            pairs = zip(events, drafted, strict=True)
            return [EventTaken(event=event, drafted=one.asked(throttles, Gathering(), event)[0]) for event, one in pairs]
        found = await self._store.open_groups(keys, since=min(times), until=max(times), limit=DUE)
        if found.more:  # more than one transaction takes: what is due before the next event is taken before it
            events, drafted = events[:1], drafted[:1]
        gathering = Gathering(await self._with_room(found, keys), counts=found.counts, limit=self.limit)
        steps: list[EventTaken | Ended] = []
        for event, one in zip(events, drafted, strict=True):
            steps += gathering.due(event.new.received_at)
            left, ended = one.asked(throttles, gathering, event)
            before = [item for item in ended if item.why is not Why.FULL]
            steps += [*before, EventTaken(event=event, drafted=left), *(item for item in ended if item.why is Why.FULL)]
        return await self._with_outcomes(steps, {event.position: event for event in events}, catalog)

    def committed(self, plans: Iterable[Plan]) -> None:
        """Take what was stored."""
        for plan in plans:
            if isinstance(plan, EndedGroup):
                self._horizon = None
            elif self._horizon is not None:
                for group in plan.groups:
                    self._horizon = self._horizon.with_group(group)

    def _set_aside(self, ended: Ended) -> GroupEnded:
        """End a group that ends the controller with it (reliability.md, row 20)."""
        rule = ended.group.key[0]
        detail = f"the controller died {SET_ASIDE} times while it ended this group alone: it is set aside; please report it"
        self._log.error("group_set_aside", rule=rule, position=ended.group.last, reason=detail)
        return GroupEnded(ended=ended, outcome=Lapsed(rule=rule, why=Lapse.SET_ASIDE, detail=detail), event=None)

    async def _known(self) -> Horizon:
        if self._horizon is None:
            self._horizon = await self._store.horizon()
        return self._horizon

    async def _with_room(self, found: OpenGroups, keys: Sequence[ThrottleKey]) -> Sequence[Group]:
        """Return the groups, and of a rule that has nearly too many those that would have to make room."""
        groups = {group.key: group for group in found.groups}
        for rule, asked in Counter(key[0] for key in keys).items():
            if found.counts.get(rule, 0) + asked <= self.limit:
                self._full.discard(rule)
            else:
                if rule not in self._full:
                    self._full.add(rule)
                    self._log.warning("groups_full", rule=rule, limit=self.limit)
                first = await self._store.groups_due_first(rule, limit=asked + DUE)
                groups = {group.key: group for group in first} | groups
        return list(groups.values())

    async def _with_outcomes(self, steps: Sequence[EventTaken | Ended], known: Mapping[int, Event], catalog: Catalog) -> Sequence[Step]:
        judged = iter(await self._judged([one for one in steps if isinstance(one, Ended)], known, catalog))
        return [next(judged) if isinstance(one, Ended) else one for one in steps]

    async def _judged(self, ended: Sequence[Ended], known: Mapping[int, Event], catalog: Catalog) -> Sequence[GroupEnded]:
        wanted = {position for one in ended for position in _needed(one.group, catalog)} - known.keys()
        events = {**known, **(await self._store.events_at(sorted(wanted)) if wanted else {})}
        found: list[GroupEnded] = []
        for one in ended:
            members = {position: occurrence(events[position].new) for position in _needed(one.group, catalog) if position in events}
            found.append(GroupEnded(ended=one, outcome=what_of(one, catalog, members), event=events.get(one.group.last)))
        return found


def _needed(group: Group, catalog: Catalog) -> Sequence[int]:
    """Return the events without which nothing can be said of a group."""
    rule = catalog.rules.get(group.key[0])
    return [one.position for one in group.members] if rule is not None and rule.uses_events else [group.last]
