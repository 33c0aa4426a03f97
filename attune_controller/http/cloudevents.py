"""CloudEvents 1.0 as /events takes them: what `attune_core.wire.cloudevents` reads, unless it is reserved.

Called by http.resources.events, and by `many` for each event of a request; pure.
"""

from attune_controller.http.errors import EventReserved
from attune_controller.store.records.events import NewEvent
from attune_core.rules.delivering import is_reserved
from attune_core.values import JsonValue
from attune_core.wire.cloudevents import read_attributes

#: Sources that only the controller itself writes begin so; the command line's own is the exception.
RESERVED_SOURCE, COMMAND_LINE = "attune:", "attune:cli"


def read_cloudevent(value: JsonValue, received_at: float, traceparent: str = "") -> NewEvent:
    """Return the event of a document; `CloudEventRefused`, `EventReserved`. `traceparent` is the request's, if the event has none."""
    event = read_attributes(value)
    if event.source.lower().startswith(RESERVED_SOURCE) and event.source != COMMAND_LINE:
        raise EventReserved(f"the source {event.source!r} is the controller's own")
    if is_reserved(event.type):
        raise EventReserved(f"events of the type {event.type} are made by the controller itself")
    return NewEvent(
        source=event.source,
        id=event.id,
        type=event.type,
        subject=event.subject,
        time=received_at if event.time is None else event.time,
        received_at=received_at,
        data=event.data,
        traceparent=event.traceparent or traceparent,
    )
