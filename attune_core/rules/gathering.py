"""Gathering: the one machine of throttles whose events wait in groups: what an event does to them, and what time does; pure.

Given events strictly by position, each at the time when it was received, by the controller's planning over the groups that the store
knows, and by `replay` over its own. What is due is taken before the event of the same moment: a window is open at its end no more.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from attune_core.catalog.catalog import Rule
from attune_core.rules.groups import Ended, Group, Member, Why, opened
from attune_core.rules.throttling import ThrottleKey

#: Groups that one rule may have open.
GROUPS = 10_000
#: Moments at which groups would have been due had they not gone on, before these are forgotten.
_STALE = 1000


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What an event asks of a rule's groups: to wait under a key, or to end the waiting for it."""

    rule: Rule
    key: ThrottleKey
    answers: bool = False


@dataclass(frozen=True, kw_only=True)
class Offered:
    """What came of it: the group that the event waits in, None if it does not; and the groups that it ended, in order."""

    group: Group | None = None
    ended: tuple[Ended, ...] = ()
    full: bool = False  # its rule has so many groups that none is opened


@dataclass
class Gathering:
    """The open groups, as far as they were given, and what became of them since.

    `counts`, where it is given, says how many groups each rule has open, of which only some were given: those of the keys that are
    asked for, those that are due, and of a rule near the limit those that are due first.
    """

    given: Iterable[Group] = ()
    counts: Mapping[str, int] | None = None
    limit: int = GROUPS
    _open: dict[ThrottleKey, Group] = field(default_factory=dict)
    _count: Counter[str] = field(default_factory=Counter)
    _line: list[tuple[float, ThrottleKey]] = field(default_factory=list)
    _back: float = float("-inf")
    #: Of rules that have had as many groups as they may: when each of them is due.
    _crowded: dict[str, list[tuple[float, ThrottleKey]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for group in self.given:
            self._put(group)
        self.given = ()
        if self.counts is not None:
            self._count = Counter(self.counts)

    def __iter__(self) -> Iterator[Group]:
        """Return the groups that are open."""
        return iter(self._open.values())

    def group(self, key: ThrottleKey) -> Group | None:
        """Return the open one of a key."""
        return self._open.get(key)

    def due(self, at: float) -> Iterator[Ended]:
        """End what is due by a time, in the order in which it was."""
        if at <= self._back:
            yield from self._stepped_back(at)
        while self._line and self._line[0][0] <= at:
            due, key = heapq.heappop(self._line)
            group = self._open.get(key)
            if group is not None and group.due == due:
                self._close(group)
                yield Ended(group=group, why=Why.DUE, at=due)

    def offer(self, ask: Ask, at: float, member: Member) -> Offered:
        """Let an event, received at that time, do what it asks; what is due by then has been taken before."""
        throttle, group = ask.rule.throttle, self._open.get(ask.key)
        if throttle is None:
            raise AssertionError("only a rule with a throttle asks")
        if ask.answers:
            if group is None or group.terms != throttle.terms:
                return Offered()
            self._close(group)
            return Offered(ended=(Ended(group=group, why=Why.ANSWERED, at=at, by=member.position),))
        ended: list[Ended] = []
        if group is not None and group.terms != throttle.terms:
            self._close(group)
            ended.append(Ended(group=group, why=Why.REPLACED, at=at, by=member.position))
            group = None
        if group is None and self._count[ask.key[0]] >= self.limit:
            early = self._first_of(ask.key[0]) if throttle.form != "absence" else None
            if early is None:
                return Offered(ended=tuple(ended), full=True)
            self._close(early)
            ended.append(Ended(group=early, why=Why.EARLY, at=at, by=member.position))
        changed = opened(ask.key, throttle, at, member) if group is None else group.joined(throttle, at, member)
        self._put(changed)
        if throttle.at_most is not None and changed.count >= throttle.at_most:
            self._close(changed)
            ended.append(Ended(group=changed, why=Why.FULL, at=at, by=member.position))
        return Offered(group=changed, ended=tuple(ended))

    def _put(self, group: Group) -> None:
        before = self._open.get(group.key)
        self._open[group.key] = group
        self._back = max(self._back, group.back)
        if before is None:
            self._count[group.key[0]] += 1
        if before is None or before.due != group.due:
            heapq.heappush(self._line, (group.due, group.key))
            if (crowd := self._crowded.get(group.key[0])) is not None:
                heapq.heappush(crowd, (group.due, group.key))
            if len(self._line) > 2 * len(self._open) + _STALE:
                self._line = sorted((one.due, key) for key, one in self._open.items())

    def _close(self, group: Group) -> None:
        del self._open[group.key]
        self._count[group.key[0]] -= 1

    def _first_of(self, rule: str) -> Group | None:
        """Return the group of a rule that is due first."""
        crowd = self._crowded.get(rule)
        if crowd is None or len(crowd) > 2 * len(self._open) + _STALE:
            crowd = self._crowded[rule] = sorted((one.due, key) for key, one in self._open.items() if key[0] == rule)
        while crowd:
            due, key = crowd[0]
            group = self._open.get(key)
            if group is not None and group.due == due:
                return group
            heapq.heappop(crowd)
        return None

    def _stepped_back(self, at: float) -> Iterator[Ended]:
        """End what a clock that stepped back far would let wait for long."""
        for group in sorted((one for one in self._open.values() if at <= one.back), key=lambda one: (one.due, one.key)):
            self._close(group)
            yield Ended(group=group, why=Why.DUE, at=at)
        self._back = max((one.back for one in self._open.values()), default=float("-inf"))
