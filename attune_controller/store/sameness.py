"""Sameness: whether an event that comes under a known (source, id) says what the first one said; pure.

Asked by both stores for a duplicate, which is rare: nothing is kept for it beside the event itself. Of one that was dropped nobody can say,
so the stores do not say it.
"""

from attune_controller.store.encoding import encode
from attune_controller.store.records.events import NewEvent
from attune_core.values import JsonValue, canonical_json


def differs(new: NewEvent, kind: str, subject: str, data: JsonValue) -> bool:
    """Tell whether type, subject or data are others than those of the first; a sender may say its time and trace anew each time."""
    if (new.type, new.subject) != (kind, subject):
        return True
    encode(new.data)  # refuses what no text can hold, as it does in an event that is new
    return canonical_json(new.data) != canonical_json(data)
