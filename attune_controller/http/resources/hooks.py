"""POST /hooks/<name>: a webhook's delivery.

In the table of `routes`; the work is done by attune_controller.hooks.receive.
"""

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_core.wire.api import Accepted


async def deliver(call: Call) -> Response:
    """Verify and accept: 202, or 200 with the first one's position when this delivery is known."""
    hooks = call.parts.hooks
    event, acceptance = await hooks.receive(call.path("name"), call.request.headers.items(), call.stream(hooks.body_bytes))
    document = Accepted(
        id=event.id,
        source=event.source,
        position=acceptance.position,
        duplicate=acceptance.duplicate,
        dead_letter=acceptance.dead_reason,
    )
    return answer(document, 200 if acceptance.duplicate else 202)
