"""GET /v1/status: where the controller stands.

In the table of `routes`.
"""

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_controller.http.views import status_view, sync_view


async def show_status(call: Call) -> Response:
    """Return the status."""
    call.query()
    parts = call.parts
    sync = sync_view(await parts.store.sync(), parts.repository, parts.branch)
    view = status_view(
        sync,
        await parts.store.counts(),
        incarnation=parts.store.incarnation,
        connected=parts.fleet.connected(),
        started_at=parts.started_at,
        alarms=[parts.store.alarm] if parts.store.alarm else [],
    )
    return answer(view)
