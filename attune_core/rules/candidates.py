"""Candidates: the rules that an event could fire, the one place where they are chosen; pure.

Called by `firing` for each event; every rule on a trigger that the event is heard as and that is not returned here is known not to match.
"""

from collections.abc import Sequence

from attune_core.catalog.catalog import Catalog, Rule
from attune_core.rules.completions import heard_as
from attune_core.values import JsonObject, JsonValue


def rules_for(catalog: Catalog, event_type: str, activation: JsonObject) -> Sequence[Rule]:
    """Return the enabled rules that may match an event with these variables, in the order of their references."""
    event = activation["event"]
    triggers = heard_as(event_type, event.get("data") if isinstance(event, dict) else None)
    found = [index.candidates(activation) for trigger in triggers if (index := catalog.indexes.get(trigger))]
    if len(found) < 2:
        return found[0] if found else ()
    return sorted((rule for some in found for rule in some), key=lambda rule: rule.ref)


def is_heard(catalog: Catalog, event_type: str, data: JsonValue) -> bool:
    """Tell whether an enabled rule is on a trigger that an event is heard as, or waits for one of it."""
    listening, waiting = catalog.rules_by_trigger, catalog.absences_by_trigger
    return any(trigger in listening or trigger in waiting for trigger in heard_as(event_type, data))


def rules_waiting_for(catalog: Catalog, event_type: str, activation: JsonObject) -> Sequence[Rule]:
    """Return the enabled rules for which an event is what they wait for."""
    if not catalog.absences_by_trigger:
        return ()
    event = activation["event"]
    triggers = heard_as(event_type, event.get("data") if isinstance(event, dict) else None)
    return [rule for trigger in triggers for rule in catalog.absences_by_trigger.get(trigger, ())]
