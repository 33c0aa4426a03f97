"""A rolling run over three hosts on the real programs, judged by what the action writes; one host dies in the middle of the second."""

import json
import re
from pathlib import Path

import pytest

from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonValue
from attune_core.wire.api import ForgottenView
from tests.running import Running, action_document, pack, running_system, shared_directory
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]

HOSTS = ("a", "b", "c")
#: Says which host it runs on by its pack's place, and stays for as long as the gate is there when that is b.
SCRIPT = """\
host=${{ATTUNE_PACK#*/agents/}}; host=${{host%%/*}}
echo "S $host" >> {shared}/witness
while [ "$host" = b ] && [ -e {shared}/gate ]; do sleep 0.05; done
echo "E $host" >> {shared}/witness
"""


def repository(shared: Path) -> dict[str, str]:
    data: JsonValue = {"type": "object"}
    rule: JsonValue = {
        "description": "Roll",
        "trigger": "web.release",
        "action": "web.upgrade",
        "agents": {"match": {"role": "web"}, "pick": "all"},
    }
    return pack(
        "web",
        {
            "triggers/release.yaml": json.dumps({"description": "A release", "data": data}),
            "rules/upgrade.yaml": json.dumps(rule),
            "actions/upgrade.yaml": action_document("upgrade.sh", concurrency={"limit": 1, "scope": "fleet"}),
            "actions/upgrade.sh": SCRIPT.format(shared=shared),
        },
    )


def release(running: Running, number: int) -> list[str]:
    return running.executions_of(running.send("web.release", {}, event_id=f"release-{number}").position)


def test_a_rolling_run_goes_from_host_to_host_and_one_that_dies_holds_it_until_it_is_forgotten(tmp_path: Path) -> None:
    shared = shared_directory(tmp_path, "shared")
    witness = shared / "witness"
    witness.touch()
    witness.chmod(0o666)
    with running_system(tmp_path, repository(shared), name="a", labels={"role": "web"}) as running:
        system = running.system
        for name in HOSTS[1:]:
            system.add_agent(name, {"role": "web"})
        system.wait_for_agents()
        for execution in release(running, 1):
            assert running.settled(execution).outcome is Outcome.SUCCEEDED
        assert witness.read_text().split("\n")[:-1] == [f"{kind} {host}" for host in HOSTS for kind in "SE"]

        (shared / "gate").touch()
        first, second, third = release(running, 2)
        wait_until(lambda: witness.read_text().count("S b") == 2, what="the turn of b")
        program = system.agents["b"].agent
        assert program is not None
        program.kill()
        wait_until(lambda: running.execution(second).conditions == ["unreachable"], what="that b is away")
        assert running.settled(first).outcome is Outcome.SUCCEEDED
        assert running.execution(third).state is State.QUEUED
        assert witness.read_text().count("S c") == 1, "nothing goes on by itself"

        departure = running.client.post("/v1/agents/b/forget", {"note": "it burns"}, ForgottenView)
        assert (departure.ended, departure.released) == (1, 0)
        assert running.settled(third).outcome is Outcome.SUCCEEDED
        lost = running.execution(second)
        assert (lost.outcome, lost.reason) == (Outcome.LOST, Reason.AGENT_FORGOTTEN)

        (shared / "gate").unlink()
        system.start_agent(system.agents["b"])
        log = system.logs / "agent-b.log"
        wait_until(lambda: re.search("ATT650", log.read_text()) is not None, what="the refusal of what was forgotten")
        assert running.execution(second).outcome is Outcome.LOST
