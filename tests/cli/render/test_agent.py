"""An agent in a line of a table."""

from attune_cli.render.agent import sensors_of
from attune_core.wire.api import AgentView


def test_sensors_are_counted_by_how_they_are() -> None:
    states = {"web.a": "running", "web.b": "refused", "web.c": "running"}
    agent = AgentView(name="web1", labels={}, state="connected", enrolled_at="", sensors=states)
    assert sensors_of(agent) == "2 running, 1 refused"
    assert sensors_of(agent.model_copy(update={"sensors": {}})) == ""
