"""POST /hooks/<name>: a webhook's delivery.

In the table of `routes`; the work is done by attune_controller.hooks.receive.
"""

from starlette.responses import PlainTextResponse, Response

from attune_controller.hooks.receive import Challenge
from attune_controller.http.acceptance import accepted
from attune_controller.http.call import Call, read_body


async def deliver(call: Call) -> Response:
    """Verify and accept: 202, or 200 with the first one's position when this delivery is known; a challenge is answered with itself."""
    hooks = call.parts.hooks
    received = await hooks.receive(call.path("name"), call.request.headers.items(), lambda: read_body(call.request, hooks.body_bytes))
    if isinstance(received, Challenge):
        return PlainTextResponse(received.reply)
    answer = accepted(received.event, received.acceptance)
    return Response() if received.silent else answer
