"""A sensor as a row for each agent that runs it, and as fields; used by `attune sensor`."""

from collections.abc import Sequence

from attune_cli.render.output import compact
from attune_core.wire.sensor_views import SensorOnAgent, SensorView

COLUMNS = ("sensor", "agent", "state", "since", "events", "errors", "why")


def sensor_rows(sensor: SensorView) -> Sequence[tuple[str, ...]]:
    """Return a row for each agent, or one that says why there is none."""
    if not sensor.agents:
        return [(sensor.ref, "", "waits" if sensor.needed else "not needed", "", "", "", sensor.why)]
    return [
        (sensor.ref, one.agent, _state(one), one.since[:19], str(one.events), str(one.errors), one.last_error or sensor.why)
        for one in sensor.agents
    ]


def sensor_fields(sensor: SensorView) -> Sequence[tuple[str, str]]:
    """Return names and values of one sensor."""
    fields = [
        ("sensor", sensor.ref),
        ("description", sensor.description),
        ("mode", f"poll, every {sensor.every}" if sensor.mode == "poll" else sensor.mode),
        ("emits", ", ".join(sensor.emits)),
        (
            "runs on",
            f"{sensor.run_on} of the agents with {compact({**sensor.match})}" if sensor.match else f"{sensor.run_on} of the agents",
        ),
        ("failover", sensor.failover),
        ("needed", "always" if sensor.always else "by a rule" if sensor.needed else "no"),
        ("why not", sensor.why),
    ]
    for one in sensor.agents:
        counts = f"{one.events} events, {one.errors} errors, {one.restarts} restarts"
        fields.append((one.agent, f"{_state(one)} since {one.since or 'it was placed'}; {counts}"))
        fields += [("  last error", one.last_error), ("  log of run", one.run), ("  failing since", one.failing_since)]
    return [(name, value) for name, value in fields if value]


def _state(one: SensorOnAgent) -> str:
    return one.state.replace("_", " ")
