"""GET /v1/status: where the controller stands.

In the table of `routes`.
"""

from collections.abc import Mapping

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_controller.http.views import status_view, sync_view
from attune_controller.store.records.agents import Unmerged

#: Agents named in an alarm.
SHOWN = 10


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
        bounds=parts.bounds.rows(),
        alarms=await alarms(call),
    )
    return answer(view)


async def alarms(call: Call) -> list[str]:
    """Return what a person must see to."""
    store = call.parts.store
    return [*([store.alarm] if store.alarm else []), *_restored(await store.unmerged())]


def _restored(unmerged: Mapping[str, Unmerged]) -> list[str]:
    if not unmerged:
        return []
    names = ", ".join(list(unmerged)[:SHOWN]) + (f" and {len(unmerged) - SHOWN} more" if len(unmerged) > SHOWN else "")
    return [f"the store was restored from a backup; nothing is handed to agents that have not said what they hold: {names}"]
