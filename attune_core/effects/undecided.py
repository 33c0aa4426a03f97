"""Undecided: events of which one of two revisions does not know yet what a rule gives for them, because its throttle lets them wait; pure.

Part of `forecast`, which compares the two sides when both have decided. At most the last event of each open group is held.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from attune_core.effects.effect import Decision, Joined, Side
from attune_core.rules.firing import Firing, Waits
from attune_core.rules.groups import Why
from attune_core.rules.recorded import RecordedEvent
from attune_core.rules.replay import Late
from attune_core.rules.throttling import ThrottleKey

#: Which of the two revisions: 0 for base, 1 for head.
Which: TypeAlias = int


@dataclass
class Pair:
    """One event and one rule on both sides; `undecided` are the sides on which the event waits."""

    rule: str
    event: RecordedEvent
    sides: tuple[Side, Side]
    decisions: list[Decision | None]
    undecided: set[Which]


@dataclass
class Undecided:
    """The pairs of which a side waits, by the event's number and the rule."""

    _pairs: dict[tuple[int, str], Pair] = field(default_factory=dict)
    #: The last event of each open group, on each side.
    _last: tuple[dict[ThrottleKey, int], dict[ThrottleKey, int]] = field(default_factory=lambda: ({}, {}))

    def compare(self, number: int, sides: tuple[Side, Side]) -> Iterator[Pair]:
        """Take an event, and yield what is decided by it, of this event and of those that waited."""
        for which, side in enumerate(sides):
            yield from self.decide(which, (one for one in side.replayed.late if one.ended.why is not Why.FULL))
        by_rule = [side.by_rule() for side in sides]
        for rule in sorted({*by_rule[0], *by_rule[1]}):
            yield from self._begin(number, rule, sides, by_rule)
        for which, side in enumerate(sides):
            yield from self.decide(which, (one for one in side.replayed.late if one.ended.why is Why.FULL))

    def decide(self, which: Which, late: Iterable[Late]) -> Iterator[Pair]:
        """Take what came of groups of a side, and yield what is decided by it."""
        for one in late:
            self._last[which].pop(one.ended.group.key, None)
            yield from self._decide(which, one.number, one.outcome.rule, one.outcome)

    def rest(self) -> Iterator[Pair]:
        """Yield what waits still, as it is: both sides have nothing more to say."""
        yield from self._pairs.values()
        self._pairs.clear()

    def _begin(self, number: int, rule: str, sides: tuple[Side, Side], by_rule: list[Mapping[str, Firing]]) -> Iterator[Pair]:
        waiting = {which: found[rule] for which, found in enumerate(by_rule) if _is_last(found.get(rule), number)}
        decisions = [_joined(found.get(rule), number) for found in by_rule]
        pair = Pair(rule, sides[1].replayed.event, sides, decisions, set(waiting))
        if not waiting:
            yield pair
            return
        self._pairs[number, rule] = pair
        for which, waits in sorted(waiting.items()):
            if isinstance(waits, Waits):
                before = self._last[which].get(waits.group.key)
                self._last[which][waits.group.key] = number
                if before is not None:
                    yield from self._decide(which, before, rule, Joined(rule=rule))

    def _decide(self, which: Which, number: int, rule: str, decision: Decision) -> Iterator[Pair]:
        pair = self._pairs.get((number, rule))
        if pair is None or which not in pair.undecided:
            return
        pair.decisions[which] = decision
        pair.undecided.discard(which)
        if not pair.undecided:
            del self._pairs[number, rule]
            yield pair


def _is_last(firing: Firing | None, number: int) -> bool:
    """Tell whether what a rule gives is still to be said of this event, because it is the one that its group stands for."""
    return isinstance(firing, Waits) and firing.group.last == number


def _joined(firing: Firing | None, number: int) -> Decision | None:
    return Joined(rule=firing.rule) if isinstance(firing, Waits) and firing.group.last != number else firing
