"""The answer to an event that was taken in: 202, or 200 with the first one's position when it was known; dead letters are told so.

Given by the two doors for events, /events and /hooks, after intake has stored them.
"""

from starlette.responses import Response

from attune_controller.http.call import answer
from attune_controller.http.errors import EventDiffers
from attune_controller.store.records.events import Acceptance, NewEvent
from attune_core.wire.api import Accepted


def accepted(event: NewEvent, acceptance: Acceptance) -> Response:
    """Return the response; the event is durable. `EventDiffers` when another one has its id."""
    if acceptance.differs:
        raise EventDiffers.of(event, acceptance)
    document = Accepted(
        id=event.id,
        source=event.source,
        position=acceptance.position,
        duplicate=acceptance.duplicate,
        dead_letter=acceptance.dead.detail if acceptance.dead else "",
        dead_reason=acceptance.dead.reason if acceptance.dead else None,
    )
    return answer(document, 200 if acceptance.duplicate else 202)
