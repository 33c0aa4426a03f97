"""Delivering: whether an event can be planned under a catalog, or is a dead letter; pure.

Called by the controller's intake at the door, and by `replay` for an event that was recorded.
"""

from attune_core.catalog.catalog import Catalog
from attune_core.values import JsonValue


def is_reserved(event_type: str) -> bool:
    """Tell whether only the controller itself makes events of a type: manual runs and completions."""
    return event_type.startswith("core.") or event_type.endswith(".completed")


def undeliverable(event_type: str, data: JsonValue, catalog: Catalog) -> str:
    """Return why an event from outside can only be a dead letter, or an empty text."""
    trigger = catalog.triggers.get(event_type)
    if trigger is None or is_reserved(event_type):
        return f"no trigger {event_type} is declared"
    if trigger.validator.fits(data):
        return ""
    misfits = trigger.validator.misfits(data, limit=3)
    return "the data does not fit the trigger's schema: " + "; ".join(
        f"{misfit.pointer or 'the document'}: {misfit.message}" for misfit in misfits
    )
