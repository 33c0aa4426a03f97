"""Sensor views: what the catalog, the seats and the agents say of a sensor, as the API's document; pure.

Called by resources.sensors.
"""

from collections.abc import Callable, Sequence

from attune_controller.fleet import FleetAgent
from attune_controller.http.views import moment
from attune_controller.reports import LATEST
from attune_controller.sensor_placement import Present, needed
from attune_controller.sensor_reasons import why
from attune_controller.store.records.sensors import Seat
from attune_core.catalog.catalog import Catalog, Sensor
from attune_core.quantities import show_duration
from attune_core.wire.sensor_views import SensorOnAgent, SensorView


def sensor_view(
    catalog: Catalog, sensor: Sensor, seats: Sequence[Seat], agents: Sequence[Present], agent: Callable[[str], FleetAgent | None]
) -> SensorView:
    """Return one sensor; `seats` are its own."""
    document = sensor.document
    is_needed = sensor in needed(catalog)
    return SensorView(
        ref=sensor.ref,
        description=document.description,
        mode=document.mode,
        every=show_duration(document.every) if document.every else "",
        run_on=document.run_on,
        failover=show_duration(document.failover) if document.failover else "",
        match=dict(document.agents.match),
        emits=list(document.emits),
        always=document.always,
        needed=is_needed,
        why=why(catalog, sensor, seats, agents),
        agents=[_on_agent(seat, agent(seat.agent)) for seat in seats if seat.held and (is_needed or seat.leaving)],
    )


def _on_agent(seat: Seat, agent: FleetAgent | None) -> SensorOnAgent:
    said = {one.sensor: one for one in (agent.status.sensors if agent and agent.status else ())}
    failing_since = moment(seat.failing_since)
    status = said.get(seat.sensor)
    if status is None:
        state = "leaving" if seat.leaving else "silent" if agent and agent.connected else "unreachable"
        return SensorOnAgent(agent=seat.agent, state=state, since=moment(seat.since), failing_since=failing_since)
    return SensorOnAgent(
        agent=seat.agent,
        state="leaving" if seat.leaving else status.state,
        since=moment(min(max(status.since, 0.0), LATEST)),
        events=status.events,
        errors=status.errors,
        restarts=status.restarts,
        last_error=status.last_error,
        run=status.run,
        failing_since=failing_since,
    )
