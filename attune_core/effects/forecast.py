"""Forecast: recorded events replayed through base and head side by side, and what differs, summed up; pure.

Called by `attune plan` with each event in turn; it keeps counts and the first examples of each group, however many events there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from attune_core.catalog.catalog import Catalog
from attune_core.effects.effect import Effect, Kind, Side, effect_of
from attune_core.effects.tally import Tally
from attune_core.effects.undecided import Pair, Undecided
from attune_core.rules.completions import heard_as
from attune_core.rules.ending import Lapsed, Outcome
from attune_core.rules.firing import Asks, Failed, Fired, Firing, Rejected, Throttled, Unheld, Waits
from attune_core.rules.recorded import RecordedEvent
from attune_core.rules.replay import Replay, Replayed
from attune_core.values import canonical_json


@dataclass(frozen=True, kw_only=True)
class Example:
    """One event of a group, and what happens to the execution it gives."""

    event: RecordedEvent
    effect: Effect


@dataclass(kw_only=True)
class Group:
    """The effects of one kind on the executions of one rule and action; a rule gives at most one for an event."""

    kind: Kind
    rule: str
    action: str
    count: int = 0
    reasons: Tally = field(default_factory=Tally)
    fields: Tally = field(default_factory=Tally)
    examples: list[Example] = field(default_factory=list)


@dataclass(kw_only=True)
class Turn:
    """Events of one type that can be planned under one revision only; `reasons` are those of the other."""

    type: str
    deliverable: bool  # under head
    count: int = 0
    reasons: Tally = field(default_factory=Tally)
    examples: list[RecordedEvent] = field(default_factory=list)


@dataclass(kw_only=True)
class Counts:
    """What became of one rule, over all events, under one revision."""

    fired: int = 0
    throttled: int = 0
    rejected: int = 0
    failed: int = 0
    lapsed: int = 0  # groups of events that gave nothing

    def by_word(self) -> Mapping[str, int]:
        """Return the counts by what they are of."""
        words = {"fired": self.fired, "throttled": self.throttled, "rejected": self.rejected, "failed": self.failed}
        return words | {"lapsed": self.lapsed}

    def add(self, firing: Firing | Outcome) -> None:
        """Count one; an event that waits is counted with its group."""
        match firing:
            case Fired():
                self.fired += 1
            case Throttled():
                self.throttled += 1
            case Rejected():
                self.rejected += 1
            case Failed():
                self.failed += 1
            case Lapsed():
                self.lapsed += 1
            case Asks() | Waits() | Unheld():
                pass


@dataclass(frozen=True, kw_only=True)
class Shift:
    """One rule whose counts differ."""

    rule: str
    base: Counts
    head: Counts


#: Characters of all examples together: values in them may be large, and there is a group for each rule.
EXAMPLES_SIZE = 64 << 20


@dataclass
class Forecast:
    """The running sum; `examples` is how many events are kept for each group."""

    base: Catalog
    head: Catalog
    examples: int
    events: int = 0
    first_at: float = 0.0  # when the first and the last event were received
    last_at: float = 0.0
    undeliverable: int = 0  # under both
    _groups: dict[tuple[str, Kind, str], Group] = field(default_factory=dict)
    _turns: dict[tuple[str, bool], Turn] = field(default_factory=dict)
    _counts: dict[str, tuple[Counts, Counts]] = field(default_factory=dict)
    _by_type: dict[str, int] = field(default_factory=dict)
    _room: int = EXAMPLES_SIZE
    _undecided: Undecided = field(default_factory=Undecided)

    def __post_init__(self) -> None:
        self._replays = Replay(self.base), Replay(self.head)

    def take(self, event: RecordedEvent) -> None:
        """Replay the next event."""
        before, after = (replay.take(event) for replay in self._replays)
        self.events += 1
        self.first_at = self.first_at if self.events > 1 else event.received_at
        self.last_at = event.received_at
        for trigger in heard_as(event.type, event.data):
            if trigger in self.base.triggers or trigger in self.head.triggers:
                self._by_type[trigger] = self._by_type.get(trigger, 0) + 1
        self._count(before, 0)
        self._count(after, 1)
        self._turn(event, before.undeliverable, after.undeliverable)
        if before.firings or after.firings or before.late or after.late:
            self._compare(self._undecided.compare(self.events, (Side(self.base, before), Side(self.head, after))))

    def finish(self) -> None:
        """Take that there are no more events: what waits now is left to wait."""
        self._compare(self._undecided.rest())

    def groups(self) -> Sequence[Group]:
        """Return what differs, by rule."""
        return [self._groups[key] for key in sorted(self._groups, key=lambda key: (key[0], list(Kind).index(key[1]), key[2]))]

    def turns(self) -> Sequence[Turn]:
        """Return the types with events that are deliverable under one revision only."""
        return [self._turns[key] for key in sorted(self._turns)]

    def shifts(self) -> Sequence[Shift]:
        """Return the rules that do something else, or as often something else."""
        pairs = sorted(self._counts.items())
        return [Shift(rule=rule, base=base, head=head) for rule, (base, head) in pairs if base != head]

    def totals(self) -> Mapping[Kind, int]:
        """Return how many executions vanish, change and appear."""
        return {kind: sum(group.count for group in self._groups.values() if group.kind is kind) for kind in Kind}

    def turned(self, *, deliverable: bool) -> int:
        """Return how many events become deliverable, or undeliverable."""
        return sum(turn.count for turn in self._turns.values() if turn.deliverable is deliverable)

    def unseen(self) -> Sequence[str]:
        """Return the triggers with rules of which there was no event: of these the forecast says nothing."""
        return sorted({*self.base.rules_by_trigger, *self.head.rules_by_trigger} - {*self._by_type})

    def differs(self) -> bool:
        """Tell whether anything at all is different under head."""
        return bool(self._groups or self._turns or self.shifts())

    def events_of(self, rule: str) -> int:
        """Return how many events a rule was asked about, under head unless it is gone there; all of them for manual runs."""
        found = self.head.rules.get(rule) or self.base.rules.get(rule)
        return self._by_type.get(found.trigger, 0) if found is not None else self.events

    def _count(self, replayed: Replayed, side: int) -> None:
        for firing in (*replayed.firings, *(one.outcome for one in replayed.late)):
            self._counts.setdefault(firing.rule, (Counts(), Counts()))[side].add(firing)

    def _compare(self, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            (base, head), (old, new) = pair.sides, pair.decisions
            if effect := effect_of(pair.rule, base, old, head, new):
                self._add(pair.event, effect)

    def _turn(self, event: RecordedEvent, before: str, after: str) -> None:
        if before and after:
            self.undeliverable += 1
        if bool(before) is bool(after):
            return
        turn = self._turns.setdefault((event.type, not after), Turn(type=event.type, deliverable=not after))
        turn.count += 1
        turn.reasons.add(before or after)
        if len(turn.examples) < self.examples:
            turn.examples.append(_without_data(event))

    def _add(self, event: RecordedEvent, effect: Effect) -> None:
        key = effect.rule, effect.kind, effect.action
        group = self._groups.setdefault(key, Group(kind=effect.kind, rule=effect.rule, action=effect.action))
        group.count += 1
        if effect.reason is not None:
            group.reasons.add(effect.reason.text)
        for difference in effect.differences:
            group.fields.add(place_text(difference.place))
        if len(group.examples) < self.examples and (size := _size(effect)) <= self._room:
            self._room -= size
            group.examples.append(Example(event=_without_data(event), effect=effect))


def _without_data(event: RecordedEvent) -> RecordedEvent:
    return replace(event, data=None)


def _size(effect: Effect) -> int:
    return len(canonical_json(effect.execution)) + sum(len(one.expected) + len(one.actual) for one in effect.differences)


def place_text(place: tuple[str | int, ...]) -> str:
    """Return a field as people write it: `input.items[0].name`."""
    first, *rest = place
    return str(first) + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)
