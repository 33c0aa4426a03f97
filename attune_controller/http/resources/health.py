"""/health and /ready: whether the controller answers, and whether it can do its work; for whoever balances or restarts it.

In the table of `routes`, for everybody: they say nothing that is not seen from outside anyway, and cost no look at the store.
"""

from starlette.responses import Response

from attune_controller.http.call import Call
from attune_controller.watched.ready import not_ready
from attune_core.metrics.ready import HEALTHY, readiness


async def show_health(call: Call) -> Response:
    """Say that there is somebody: a controller that could not go on has ended."""
    call.query()
    return Response(HEALTHY, media_type="application/json")


async def show_readiness(call: Call) -> Response:
    """Say 503 and why while events are not accepted or nothing would become of them."""
    call.query()
    catalog = call.parts.active.catalog
    status, body = readiness(not_ready(call.parts.store.alarm, has_revision=catalog is not None))
    return Response(body, status, media_type="application/json")
