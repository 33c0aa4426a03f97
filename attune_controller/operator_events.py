"""Operator events: what a person did to agents or queues as an event of its own, which says who, when and why long after it is over.

Made by marking, departing and holding; stored in the transaction of what they tell of.
"""

from attune_controller.store.records.events import NewEvent
from attune_core.ids import uuid7
from attune_core.ports import Clock, Random
from attune_core.values import JsonObject

SOURCE = "attune:operators"


def operator_event(what: str, subject: str, data: JsonObject, clock: Clock, random: Random) -> NewEvent:
    """Return the event `core.<what>`."""
    now = clock.now()
    return NewEvent(source=SOURCE, id=uuid7(clock, random), type=f"core.{what}", subject=subject, time=now, received_at=now, data=data)
