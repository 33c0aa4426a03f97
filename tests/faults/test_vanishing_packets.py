"""Row 21 on a real network: every packet vanishes, no connection is closed, and both sides notice all the same."""

import json
from pathlib import Path

import pytest

from attune_core.values import JsonObject
from tests.faults.needs import need
from tests.faults.network import cable
from tests.faults.rig import rig
from tests.free_ports import free_port
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.root, pytest.mark.soak, pytest.mark.timeout(300)]

#: Seconds in which three pings of half a second are missed, and what it takes to be looked at on a busy machine.
NOTICE = 1.5 + 5


def test_both_sides_notice_packets_that_vanish_and_go_on_when_they_pass(tmp_path: Path) -> None:
    need("network namespaces", "unshare", "--net", "--", "true")
    need("nftables", "unshare", "--net", "--", "nft", "list", "ruleset")
    with cable() as between:
        agents: JsonObject = {"listen": f"{between.near}:{free_port(between.near)}", "names": [between.near]}
        with rig(tmp_path, agents=agents) as broken:
            broken.kill_host()
            broken.host.within = between.within
            broken.start_host()
            status = broken.host.state / "agent" / "status.json"

            def agent_says() -> bool:
                return status.exists() and bool(json.loads(status.read_text())["connected"])

            for _ in range(3):
                wait_until(lambda: agent_says() and broken.is_connected(), what="a session over the cable")
                broken.send("one_vanished", pause="0.5")
                broken.await_start("one_vanished", broken.sent["one_vanished"])
                between.drop()
                wait_until(lambda: not agent_says(), timeout=NOTICE, what="the agent's notice")
                wait_until(lambda: not broken.is_connected(), timeout=NOTICE, what="the controller's notice")
                for _ in range(3):
                    broken.send("one_vanished")
                between.pass_again()
                broken.settle()
            verdict = broken.verdict()
            assert not verdict.problems, verdict.problems
            assert not verdict.lost
