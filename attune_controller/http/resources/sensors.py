"""/v1/sensors: the sensors of the active revision, where they run, and why not.

In the table of `routes`. The list is ordered by reference, and its cursor is the last one of a page.
"""

from starlette.responses import Response

from attune_controller.errors import SensorUnknown
from attune_controller.http.call import Call, answer
from attune_controller.http.sensor_views import sensor_view
from attune_core.catalog.catalog import Catalog
from attune_core.expressions.suggestion import suggestion
from attune_core.wire.api import Page
from attune_core.wire.sensor_views import SensorView


async def list_sensors(call: Call) -> Response:
    """Return a page of the active revision's sensors; none before the first revision."""
    query = call.query("after", "limit")
    after, limit = query.text("after") or "", query.page_size()
    catalog = call.parts.active.catalog
    refs = sorted(ref for ref in (catalog.sensors if catalog else {}) if ref > after)
    items = [_view(call, catalog, ref) for ref in refs[:limit]] if catalog else []
    return answer(Page[SensorView](items=items, next=items[-1].ref if len(refs) > limit else ""))


async def show_sensor(call: Call) -> Response:
    """Return one sensor."""
    call.query()
    ref, catalog = call.path("sensor"), call.parts.active.catalog
    if catalog is None or ref not in catalog.sensors:
        near = suggestion(ref, catalog.sensors) if catalog else None
        raise SensorUnknown(f"the active revision has no sensor {ref[:130]!r}{f'; {near}' if near else ''}")
    return answer(_view(call, catalog, ref))


def _view(call: Call, catalog: Catalog, ref: str) -> SensorView:
    sensing = call.parts.sensing
    return sensor_view(catalog, catalog.sensors[ref], sensing.seats(ref), sensing.present(), call.parts.fleet.agent)
