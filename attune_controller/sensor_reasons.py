"""Sensor reasons: why a sensor does not run, or does not run as it should, in a sentence; pure.

Called for the API's view of a sensor, from the same facts that `sensor_placement` decides by.
"""

from collections.abc import Sequence

from attune_controller.placement import described, matching
from attune_controller.sensor_placement import Present, lost_after, needed
from attune_controller.store.records.sensors import Seat
from attune_core.catalog.catalog import Catalog, Sensor
from attune_core.quantities import show_duration


def why(catalog: Catalog, sensor: Sensor, seats: Sequence[Seat], agents: Sequence[Present]) -> str:
    """Return what keeps the controller from having it run; empty when nothing does. `seats` are those of this sensor."""
    if sensor not in needed(catalog):
        return f"no enabled rule uses a trigger that it emits ({', '.join(sensor.document.emits)}), and it is not `always: true`"
    present = {agent.name: agent for agent in agents}
    held = [seat for seat in seats if seat.held and seat.agent in present]
    if leaving := [seat.agent for seat in held if seat.leaving and sensor.document.run_on == "one"]:
        return f"it is to leave {leaving[0]}, which has not said yet that it ended there"
    if not held:
        return _nobody(sensor, agents)
    away = [seat for seat in held if not present[seat.agent].connected]
    return _away(sensor, away[0], present[away[0].agent]) if away and sensor.document.run_on == "one" else ""


def _nobody(sensor: Sensor, agents: Sequence[Present]) -> str:
    match = sensor.document.agents.match
    found = {agent.name for agent in matching(agents, match)}
    fitting = [agent for agent in agents if agent.name in found]
    if not fitting:
        return f"there is no agent{described(match)}"
    if all(agent.cordoned for agent in fitting):
        return f"every agent{described(match)} is cordoned: {', '.join(agent.name for agent in fitting)}"
    if not any(agent.able for agent in fitting):
        return f"every agent{described(match)} is of a version that runs no sensors: {', '.join(agent.name for agent in fitting)}"
    if not any(agent.connected for agent in fitting):
        return f"no agent{described(match)} is connected: {', '.join(agent.name for agent in fitting)}"
    return f"every agent{described(match)} that is connected and not cordoned has as many sensors as it takes"


def _away(sensor: Sensor, seat: Seat, agent: Present) -> str:
    after = lost_after(sensor, seat)
    if after is None:
        return f"{agent.name} is unreachable and keeps it: it {'was not told of a' if sensor.document.failover else 'has no'} `failover`"
    if left := max(after - agent.away, 0.0):
        return f"{agent.name} is unreachable; another agent gets it in {show_duration(round(left))}"
    return f"{agent.name} is unreachable, and there is no other agent to run it"
