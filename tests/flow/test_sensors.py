"""Sensors on a real host, and a controller and an agent that are killed while they print: every line arrives once, and in its order."""

import json
from pathlib import Path

import pytest

from attune_cli.render.sensor import sensor_rows
from attune_core.values import JsonValue
from attune_core.wire.api import EventView, ExecutionView, Page
from attune_core.wire.sensor_views import SensorView
from tests.running import Running, action_document, pack, running_system
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]

LINES = 120
#: Both print LINES numbered lines and then live on; they wait between two lines, so that the crashes come in the middle.
SHELL = """\
#!/bin/sh
. /dev/stdin
number=0
while [ "$number" -lt "$CONFIG_LINES" ]; do
    echo "{\\"trigger\\": \\"watch.seen\\", \\"data\\": {\\"by\\": \\"shell\\", \\"number\\": $number}}"
    number=$((number + 1))
    sleep 0.02
done
exec sleep 1000
"""
PYTHON = """\
import json, sys, time
for number in range(json.load(sys.stdin)["config"]["lines"]):
    print(json.dumps({"trigger": "watch.seen", "data": {"by": "python", "number": number}, "subject": f"line {number}"}), flush=True)
    time.sleep(0.02)
time.sleep(1000)
"""


def repository() -> dict[str, str]:
    trigger: JsonValue = {
        "description": "Something was seen",
        "data": {"type": "object", "required": ["by", "number"], "properties": {"by": {"type": "string"}, "number": {"type": "integer"}}},
    }
    rule: JsonValue = {
        "description": "Every tenth is worth an action",
        "trigger": "watch.seen",
        "when": "event.data.number % 10 == 0",
        "action": "watch.note",
        "input": {"by": "${{ event.data.by }}", "number": "${{ event.data.number }}"},
        "agents": {"match": {"role": "test"}},
    }
    common: dict[str, JsonValue] = {"description": "For tests", "emits": ["watch.seen"], "config": {"lines": LINES}}
    return pack(
        "watch",
        {
            "triggers/seen.yaml": json.dumps(trigger),
            "rules/note.yaml": json.dumps(rule),
            "actions/note.yaml": action_document("note.sh", parameters={"by": {"type": "string"}, "number": {"type": "integer"}}),
            "actions/note.sh": "cat\n",
            "sensors/shell.yaml": json.dumps({**common, "run": ["./shell.sh"], "input": {"format": "dotenv"}}),
            "sensors/shell.sh": SHELL,
            "sensors/python.yaml": json.dumps({**common, "run": ["python3", "python.py"]}),
            "sensors/python.py": PYTHON,
        },
    )


def printed(running: Running, by: str) -> list[EventView]:
    """Return the events of one sensor in the controller's order."""
    with running.system.client() as client:
        found = client.pages("/v1/events", Page[EventView], {"source": f"attune:sensors/one/watch.{by}"}, most=1000)
        return sorted(found, key=lambda event: event.position)


def count(running: Running, by: str) -> int:
    return len(printed(running, by))


@pytest.mark.sentence("S11")
def test_every_line_of_two_sensors_arrives_once_and_in_order_though_controller_and_agent_are_killed(tmp_path: Path) -> None:
    with running_system(tmp_path, repository(), executable=("packs/watch/sensors/shell.sh",)) as running:
        system, agent = running.system, running.agent
        wait_until(lambda: count(running, "shell") > 5 and count(running, "python") > 5, timeout=60)
        assert system.controller is not None
        system.controller.kill()
        assert agent.agent is not None
        agent.agent.kill()
        system.start_agent(agent)
        agent.agent.kill()
        system.start_agent(agent)
        system.start_controller()
        wait_until(lambda: count(running, "shell") >= LINES and count(running, "python") >= LINES, timeout=90)
        for by in ("shell", "python"):
            events = printed(running, by)
            runs = {event.id.partition(":")[0] for event in events}
            assert (len(runs), numbers_of(running, events)) == (1, list(range(LINES))), "one process printed them all"
        assert [event.subject for event in printed(running, "python")[:2]] == ["line 0", "line 1"]
        wait_until(lambda: len(executions(running)) == 2 * LINES // 10, timeout=60)
        assert [row[:3] for row in sensor_rows(shown(running, "watch.shell"))] == [("watch.shell", "one", "running")]


def numbers_of(running: Running, events: list[EventView]) -> list[JsonValue]:
    """Return the number in each event's data, which lists leave out."""
    with running.system.client() as client:
        data = [client.get(f"/v1/events/{event.position}", EventView).data for event in events]
    return [one["number"] for one in data if isinstance(one, dict)]


def executions(running: Running) -> list[ExecutionView]:
    with running.system.client() as client:
        return list(client.pages("/v1/executions", Page[ExecutionView], {"action": "watch.note"}, most=1000))


def shown(running: Running, ref: str) -> SensorView:
    with running.system.client() as client:
        return client.get(f"/v1/sensors/{ref}", SensorView)
