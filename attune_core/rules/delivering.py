"""Delivering: whether an event can be planned under a catalog, or is a dead letter; pure.

Called by the controller's intake at the door, and by `replay` for an event that was recorded.
"""

from attune_core.catalog.catalog import Catalog
from attune_core.dead_letters import DeadLetter, DeadReason
from attune_core.ports import rfc3339
from attune_core.values import JsonValue

#: Seconds that an event's own time may lie after its arrival: a clock without its zone is at most 14 h wrong.
AHEAD = 24 * 3600.0


def is_reserved(event_type: str) -> bool:
    """Tell whether only the controller itself makes events of a type: manual runs and completions."""
    return event_type.startswith("core.") or event_type.endswith(".completed")


def misdated(time: float, received_at: float) -> DeadLetter | None:
    """Return what is wrong with the time at which an event says it happened, None for a good one; long ago is not wrong."""
    if time <= received_at + AHEAD:
        return None
    detail = f"it says that it happened at {rfc3339(time)}, more than {AHEAD / 3600:.0f} h after it came: a clock is wrong"
    return DeadLetter(reason=DeadReason.TIME_AHEAD, detail=detail)


def undeliverable(event_type: str, data: JsonValue, catalog: Catalog) -> DeadLetter | None:
    """Return why an event from outside can only be a dead letter, None when it can be planned."""
    trigger = catalog.triggers.get(event_type)
    if trigger is None or is_reserved(event_type):
        return DeadLetter(reason=DeadReason.UNDECLARED, detail=f"no trigger {event_type} is declared")
    if trigger.validator.fits(data):
        return None
    misfits = trigger.validator.misfits(data, limit=3)
    named = "; ".join(f"{misfit.pointer or 'the document'}: {misfit.message}" for misfit in misfits)
    return DeadLetter(reason=DeadReason.DATA_INVALID, detail=f"the data does not fit the trigger's schema: {named}")
