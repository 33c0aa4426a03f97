"""/v1/sensors: the sensors of the active revision, where they run, and why not.

In the table of `routes`. The list is ordered by reference, and its cursor is the last one of a page.
"""

from starlette.responses import Response

from attune_controller.errors import SensorUnknown
from attune_controller.http.call import Call, answer
from attune_controller.http.resources.logs import PARAMETERS, log_question, log_view, no_log
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
    ref, catalog = _known(call)
    return answer(_view(call, catalog, ref))


async def read_log(call: Call) -> Response:
    """Return a window of what a sensor's present or last process wrote to stderr, or of its environment's build.

    `agent` says on which agent; without it on the first by name that runs it.
    """
    query = call.query("agent", *PARAMETERS)
    question, wanted = log_question(query, stream="stderr"), query.text("agent")
    ref, _ = _known(call)
    seats = [seat for seat in call.parts.sensing.seats(ref) if seat.held and wanted in (None, seat.agent)]
    if not seats:
        raise SensorUnknown(f"{ref} is placed on no agent{f' called {wanted[:64]!r}' if wanted else ''}")
    agent = call.parts.fleet.agent(seats[0].agent)
    said = agent.status.sensors if agent and agent.status else ()
    status = next((one for one in said if one.sensor == ref), None)
    if agent is not None and agent.connected and (status is None or not status.run):  # it has never been started there
        return answer(no_log(ended=False))
    asked = question.model_copy(update={"execution": status.run if status else "", "attempt": 1})
    window = await call.parts.logs.read(seats[0].agent, asked)
    runs = status is not None and status.state not in ("backing_off", "refused")
    return answer(no_log(ended=not runs) if window.missing else log_view(window).model_copy(update={"ended": window.ended and not runs}))


def _known(call: Call) -> tuple[str, Catalog]:
    """Return the sensor that the path names, and the revision that has it."""
    ref, catalog = call.path("sensor"), call.parts.active.catalog
    if catalog is None or ref not in catalog.sensors:
        near = suggestion(ref, catalog.sensors) if catalog else None
        raise SensorUnknown(f"the active revision has no sensor {ref[:130]!r}{f'; {near}' if near else ''}")
    return ref, catalog


def _view(call: Call, catalog: Catalog, ref: str) -> SensorView:
    sensing = call.parts.sensing
    return sensor_view(catalog, catalog.sensors[ref], sensing.seats(ref), sensing.present(), call.parts.fleet.agent)
