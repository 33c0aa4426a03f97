"""POST /hooks/<name>: a webhook's delivery.

In the table of `routes`; the work is done by attune_controller.hooks.receive.
"""

from starlette.responses import Response

from attune_controller.http.acceptance import accepted
from attune_controller.http.call import Call


async def deliver(call: Call) -> Response:
    """Verify and accept: 202, or 200 with the first one's position when this delivery is known."""
    hooks = call.parts.hooks
    event, acceptance = await hooks.receive(call.path("name"), call.request.headers.items(), call.stream(hooks.body_bytes))
    return accepted(event, acceptance)
