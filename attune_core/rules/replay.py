"""Replay: recorded events through one catalog in their order, with a clock that is theirs; pure.

Used by `attune plan` with two catalogs side by side, and by rule tests; nothing is placed and nothing runs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from attune_core.catalog.catalog import Catalog, Rule
from attune_core.dead_letters import DeadLetter
from attune_core.rules.clauses import Clause, clauses_of, first_untrue
from attune_core.rules.delivering import is_reserved, misdated, undeliverable
from attune_core.rules.ending import Outcome, what_of
from attune_core.rules.filling import InputInvalid
from attune_core.rules.firing import Firing, fire, fire_request, received, throttled
from attune_core.rules.gathering import Gathering
from attune_core.rules.groups import Ended, Group
from attune_core.rules.recorded import RecordedEvent
from attune_core.rules.requests import REQUESTED, RequestRefused
from attune_core.rules.throttling import Throttles
from attune_core.values import JsonObject

#: Events that are kept for groups before those that no group needs any more are looked for.
_ROOM = 1000


@dataclass(frozen=True, kw_only=True)
class Late:
    """What came of a group when it ended. `number` counts the events of the replay from 1 and is that of its last one."""

    number: int
    event: RecordedEvent
    ended: Ended
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What one event does under a catalog; `undeliverable`, if not empty, is why it is a dead letter there and fires nothing.

    `late` are the groups that ended by its time, before it or with it, in their order.
    """

    event: RecordedEvent
    activation: JsonObject
    firings: Sequence[Firing] = ()
    undeliverable: str = ""
    late: Sequence[Late] = ()

    def clauses(self, rule: Rule) -> tuple[Clause, ...]:
        """Return what each clause of a rule's condition gives for this event."""
        return clauses_of(rule, self.activation)

    def first_untrue(self, rule: Rule) -> Clause | None:
        """Return the clause because of which a rule does not match this event, None if there is none."""
        return first_untrue(rule, self.activation)


class Replay:
    """One catalog and what its throttles remember."""

    def __init__(self, catalog: Catalog) -> None:
        """Begin as a controller that has seen no event."""
        self.catalog = catalog
        self._throttles, self.gathering = Throttles({}), Gathering()
        self._number = 0
        #: The events of open groups, by number.
        self._kept: dict[int, RecordedEvent] = {}
        self._room = _ROOM

    def take(self, event: RecordedEvent) -> Replayed:
        """Return what the next event does.

        A completion was made by a controller, which asks no schema of it: a rule that it no longer fits says so itself.
        """
        self._number += 1
        late = self.advance(event.received_at)
        activation = event.occurrence().activation()
        if event.type == REQUESTED:
            try:
                return Replayed(event=event, activation=activation, firings=[fire_request(event.data, self.catalog)], late=late)
            except (RequestRefused, InputInvalid) as error:
                return Replayed(event=event, activation=activation, undeliverable=error.message, late=late)
        dead = None if is_reserved(event.type) else self._undeliverable(event)
        if dead:
            return Replayed(event=event, activation=activation, undeliverable=dead.detail, late=late)
        matched = fire(event.type, activation, self.catalog)
        as_received = received(matched, self._number, event.received_at, event.occurrence())
        firings, ended = throttled(matched, self._throttles, self.gathering, as_received)
        if matched and self.catalog.gathers:
            self._kept[self._number] = event
        late += self._outcomes(ended)
        self._forget()
        return Replayed(event=event, activation=activation, firings=firings, late=late)

    def advance(self, until: float) -> list[Late]:
        """Let time pass, and return what came of the groups that ended by then."""
        return self._outcomes(self.gathering.due(until))

    def _outcomes(self, ended: Iterable[Ended]) -> list[Late]:
        found: list[Late] = []
        for one in ended:
            members = {member.position for member in one.group.members} & self._kept.keys()
            events = {number: self._kept[number].occurrence() for number in members}
            last = one.group.last
            found.append(Late(number=last, event=self._kept[last], ended=one, outcome=what_of(one, self.catalog, events)))
        return found

    def _undeliverable(self, event: RecordedEvent) -> DeadLetter | None:
        return misdated(event.time, event.received_at) or undeliverable(event.type, event.data, self.catalog)

    def _forget(self) -> None:
        if len(self._kept) > self._room:
            needed = {number for group in self.gathering for number in self._needed(group)}
            self._kept = {number: one for number, one in self._kept.items() if number in needed}
            self._room = max(_ROOM, 2 * len(self._kept))

    def _needed(self, group: Group) -> Iterable[int]:
        """Return the events of a group without which nothing can be said of it."""
        rule = self.catalog.rules.get(group.key[0])
        uses = rule is not None and rule.uses_events
        return [one.position for one in group.members] if uses else [group.last]
