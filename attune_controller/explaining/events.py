"""The facts of one event: what became of each rule on its trigger, by the rules of the revision that planned it where they can be read.

Called by `explainer`; what is said of them is attune_core.explanations.event.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attune_controller.drafting import occurrence
from attune_controller.explaining.groups import groups_of
from attune_controller.explaining.sources import Sources
from attune_controller.http.views import event_view
from attune_controller.store.records.events import Event, EventStatus
from attune_controller.store.records.executions import Execution
from attune_core.catalog.catalog import Catalog
from attune_core.explanations.verdicts import Planned, near_triggers, throttle_key, verdicts_of
from attune_core.moments import parse_rfc3339
from attune_core.rules.requests import REQUESTED
from attune_core.values import JsonObject
from attune_core.wire.explanations import EventFacts, ExecutionRef, RuleVerdict

#: Executions of one event that are looked at, throttled rules whose taker is looked for, and events looked at for each.
_EXECUTIONS, _THROTTLED, _EVENTS = 200, 5, 50
#: How exactly a throttle's times can be compared after they were written as texts; seconds.
_EXACT = 0.001


async def event_facts(sources: Sources, event: Event) -> EventFacts:
    """Gather all of it."""
    executions = await sources.store.executions(before=None, limit=_EXECUTIONS, event=event.position)
    active = sources.revisions.active
    view = event_view(event, [one.new.id for one in executions], data=False)
    plain = EventFacts(now=sources.now(), event=view, active_revision=active.revision or "" if active else "")
    if event.new.type == REQUESTED and event.status is EventStatus.PLANNED:
        return plain.model_copy(update={"manual": tuple(_ref(one) for one in reversed(executions))})
    catalog = (await sources.revisions.catalog(event.revision) if event.revision else None) or active
    if catalog is None or event.status is EventStatus.ACCEPTED:
        return plain
    asked = {"asked_revision": catalog.revision or "", "near": near_triggers(event.new.type, catalog)}
    if event.new.dead is not None:
        return plain.model_copy(update=asked)
    activation = occurrence(event.new).activation()
    groups = await groups_of(sources, catalog, event, activation)
    planned = Planned(
        type=event.new.type,
        activation=activation,
        note=event.reason,
        executions=_by_rule(executions),
        groups=groups.waits,
        answered=groups.answered,
        position=event.position,
    )
    found = await asyncio.to_thread(verdicts_of, planned, catalog, own=catalog.revision == event.revision, live=active)
    rules = await _Takers(sources, catalog, event, planned.activation).added(found.rules)
    near = () if found.candidates else asked["near"]
    return plain.model_copy(update=asked | {"rules": rules, "more": found.more, "candidates": found.candidates, "near": near})


def _by_rule(executions: Sequence[Execution]) -> Mapping[str, Sequence[ExecutionRef]]:
    found: dict[str, list[ExecutionRef]] = {}
    for one in reversed(executions):
        found.setdefault(one.new.rule, []).append(_ref(one))
    return found


def _ref(one: Execution) -> ExecutionRef:
    return ExecutionRef(
        number=one.number,
        id=one.new.id,
        agent=one.agent,
        state=one.state,
        outcome=one.outcome,
        reason=one.reason,
        detail=one.detail[:300],
    )


@dataclass(frozen=True)
class _Takers:
    """Looks for the events that fired a throttled rule before this one."""

    sources: Sources
    catalog: Catalog
    event: Event
    activation: JsonObject

    async def added(self, verdicts: Sequence[RuleVerdict]) -> tuple[RuleVerdict, ...]:
        """Return the verdicts, the first throttled ones with the event that was admitted."""
        found, looked = list[RuleVerdict](), 0
        for one in verdicts:
            throttle = one.throttle
            if throttle is not None and throttle.until and looked < _THROTTLED:
                looked += 1
                position = await self._position(one.rule, parse_rfc3339(throttle.until) - throttle.once_within)
                found.append(one.model_copy(update={"throttle": throttle.model_copy(update={"event": position})}))
            else:
                found.append(one)
        return tuple(found)

    async def _position(self, ref: str, at: float) -> int:
        """Return the position of the event that was received then and fired the rule under the same key, 0 when none is kept."""
        rule, store = self.catalog.rules[ref], self.sources.store
        key = throttle_key(rule, self.activation)
        page = await store.recorded_events(after=0, since=at - _EXACT, limit=_EVENTS, trigger=self.event.new.type)
        for other in page.events:
            near = abs(other.new.received_at - at) <= _EXACT and other.position != self.event.position
            if near and throttle_key(rule, occurrence(other.new).activation()) == key:
                executions = await store.executions(before=None, limit=_EXECUTIONS, event=other.position)
                if any(one.new.rule == ref for one in executions):
                    return other.position
        return 0
