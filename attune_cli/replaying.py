"""Replaying: recorded events as new ones, which say of whom they are; and events of another controller as ones from outside.

Called by `attune event replay` and `import`; pure.
"""

from dataclasses import dataclass, field

from attune_core.ports import rfc3339
from attune_core.rules.delivering import is_reserved
from attune_core.rules.recorded import RecordedEvent
from attune_core.values import JsonObject, JsonValue

#: Sources that only a controller itself writes; the command line's own is not one of them.
_OWN, _COMMAND_LINE = "attune:", "attune:cli"


@dataclass(kw_only=True)
class Chosen:
    """What a replay sends, and how many of those that were chosen only a controller makes."""

    events: list[RecordedEvent] = field(default_factory=list)
    left_out: int = 0

    def add(self, event: RecordedEvent) -> None:
        """Take one, unless only a controller makes such events."""
        if is_reserved(event.type):
            self.left_out += 1
        else:
            self.events.append(event)


def identity_of(event: RecordedEvent, name: str) -> tuple[str, str]:
    """Return source and id of what a replay of this name sends for an event: both lead back to it, and sending it again doubles nothing."""
    source = event.source if event.source.startswith("replay:") else f"replay:{event.source}"
    return source, f"{name}:{event.position}"


def replayed(event: RecordedEvent, name: str, now: float) -> JsonObject:
    """Return the event to be sent; it happens now, because rules would throttle and wait by nothing else."""
    source, event_id = identity_of(event, name)
    document: JsonObject = {"specversion": "1.0", "id": event_id, "source": source, "type": event.type, "time": rfc3339(now)}
    return document | ({"subject": event.subject} if event.subject else {}) | {"data": event.data}


def imported(value: JsonValue) -> JsonValue | None:
    """Return an exported event as one from outside; None for what only a controller itself makes."""
    if not isinstance(value, dict):
        return value
    kind, source = value.get("type"), value.get("source")
    if isinstance(kind, str) and is_reserved(kind):
        return None
    if isinstance(source, str) and source.lower().startswith(_OWN) and source != _COMMAND_LINE:
        return value | {"source": f"import:{source}"}
    return value


def is_meant(event: RecordedEvent, *, source: str | None, trigger: str | None, until: float | None) -> bool:
    """Tell whether an event is among those that were asked for."""
    return source in (None, event.source) and trigger in (None, event.type) and (until is None or event.received_at < until)
