"""Replay: recorded events through one catalog in their order, with a clock that is theirs; pure.

Used by `attune plan` with two catalogs side by side, and by rule tests; nothing is placed and nothing runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from attune_core.catalog.catalog import Catalog, Rule
from attune_core.dead_letters import DeadLetter
from attune_core.rules.clauses import Clause, clauses_of, first_untrue
from attune_core.rules.delivering import is_reserved, misdated, undeliverable
from attune_core.rules.filling import InputInvalid
from attune_core.rules.firing import Firing, fire, fire_request, throttled
from attune_core.rules.recorded import RecordedEvent
from attune_core.rules.requests import REQUESTED, RequestRefused
from attune_core.rules.throttling import Throttles
from attune_core.values import JsonObject


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What one event does under a catalog; `undeliverable`, if not empty, is why it is a dead letter there and fires nothing."""

    event: RecordedEvent
    activation: JsonObject
    firings: Sequence[Firing] = ()
    undeliverable: str = ""

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
        self._throttles = Throttles({})

    def take(self, event: RecordedEvent) -> Replayed:
        """Return what the next event does.

        A completion was made by a controller, which asks no schema of it: a rule that it no longer fits says so itself.
        """
        activation = event.occurrence().activation()
        if event.type == REQUESTED:
            try:
                return Replayed(event=event, activation=activation, firings=[fire_request(event.data, self.catalog)])
            except (RequestRefused, InputInvalid) as error:
                return Replayed(event=event, activation=activation, undeliverable=error.message)
        dead = None if is_reserved(event.type) else self._undeliverable(event)
        firings = [] if dead else throttled(fire(event.type, activation, self.catalog), self._throttles, event.received_at)
        return Replayed(event=event, activation=activation, firings=firings, undeliverable=dead.detail if dead else "")

    def _undeliverable(self, event: RecordedEvent) -> DeadLetter | None:
        return misdated(event.time, event.received_at) or undeliverable(event.type, event.data, self.catalog)
