"""Internal events: what the controller has to tell, as the events whose names and schemas stand in attune_core.internal_events.

Made by whoever notices what they tell of, and stored in the transaction of it. One that an event or an execution caused is one hop
further than that, so that a rule which causes what it hears of comes to an end.
"""

from dataclasses import replace

from attune_controller import completion
from attune_controller.store.records.events import NewEvent
from attune_core.ids import uuid7
from attune_core.ports import Clock, Random
from attune_core.values import JsonObject

SOURCE, OPERATORS = "attune:controller", "attune:operators"
#: What only the controller itself is a source of; nobody outside may say that an event is from there.
#: The beginning of the source of an event that asks for an execution once more; the rest is the id of that execution.
RERUNS = "attune:api/reruns/"
_MADE_HERE = frozenset({SOURCE, OPERATORS, completion.SOURCE, "attune:api", "attune:restore"})


def is_made_here(event: NewEvent) -> bool:
    """Tell whether the controller itself made an event, so that nobody has to judge it."""
    return event.source in _MADE_HERE or event.source.startswith(RERUNS)


def internal_event(what: str, subject: str, data: JsonObject, clock: Clock, random: Random, *, hops: int = 0) -> NewEvent:
    """Return the event `core.<what>`; `hops` is that of its cause and one more."""
    return replace(_event(what, subject, data, clock, random), source=SOURCE, hops=hops)


def operator_event(what: str, subject: str, data: JsonObject, clock: Clock, random: Random) -> NewEvent:
    """Return the event `core.<what>`: what a person did, who it was, when and why, long after it is over."""
    return _event(what, subject, data, clock, random)


def _event(what: str, subject: str, data: JsonObject, clock: Clock, random: Random) -> NewEvent:
    now = clock.now()
    return NewEvent(source=OPERATORS, id=uuid7(clock, random), type=f"core.{what}", subject=subject, time=now, received_at=now, data=data)
