"""Hosts under operation, on the real programs: paused through kill -9, drained to the end, and the page about it by the letter."""

import json
import os
import shlex
from collections.abc import Iterator

import pytest

from attune_core.states import State
from tests.checker import read_witness
from tests.cli.commands import attune
from tests.flow.operated import Operated, assert_prints, operated_system
from tests.pages import blocks, typed
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    with operated_system(tmp_path_factory.mktemp("operating")) as system:
        yield system


def test_the_page_says_what_happens(operated: Operated) -> None:
    for kind, content in blocks("operate-agents.md"):
        if kind == "yaml":
            operated.write_settings(content)
            operated.await_agent("the host's pause", host_pause="disk swap, ask ops")
        for command, printed in typed(content) if kind == "console" else ():
            words = shlex.split(command)[1:]
            operated.count += words[:2] == ["event", "send"]
            assert_prints(operated, words, printed.strip())
    operated.write_settings("")
    operated.await_agent("the end of the host's pause")
    operated.assert_in_order()


def test_a_pause_holds_through_kill_9_of_the_agent_and_of_the_controller_and_changes_no_order(operated: Operated) -> None:
    system, agent = operated.running.system, operated.running.agent
    assert "web1 (connected): paused: disk swap by admin since" in operated.attune("agent", "pause", "web1", "--note", "disk swap")
    before = len(read_witness(operated.witness))
    executions = operated.deploy(5)
    wait_until(lambda: {one.state for one in operated.views(executions)} == {State.ASSIGNED}, what="the hand-over")
    assert all(one.waiting_for.startswith("paused: disk swap by admin since 2") for one in operated.views(executions))
    assert operated.attune("execution", "list", "--state", "assigned").count("paused: disk swap by admin since") == 5
    assert agent.agent is not None
    agent.agent.kill()
    assert system.controller is not None
    system.controller.kill()
    system.start_agent(agent)  # without a controller: what it stored is all it knows
    system.start_controller()
    operated.await_agent("the agent's return")
    assert [mark.kind for mark in operated.agent().marks] == ["paused"]
    assert len(read_witness(operated.witness)) == before, "nothing started"
    assert "works as usual" in operated.attune("agent", "resume", "web1")
    wait_until(lambda: all(one.state is State.SETTLED for one in operated.views(executions)), what="the end of all five")
    operated.assert_in_order()
    types = json.loads(operated.attune("event", "list", "--limit", "100", "--json"))
    assert {"core.agent_paused", "core.agent_resumed"} <= {one["type"] for one in types if one["status"] == "planned"}


def test_a_drain_that_is_waited_for_ends_when_nothing_is_in_hand(operated: Operated) -> None:
    executions = operated.deploy(3)
    said = operated.attune("agent", "drain", "web1", "--note", "new disk", "--wait")
    assert "web1 (connected): drained: new disk by admin since" in said
    assert "web1 is drained" in said
    assert [one.state for one in operated.views(executions)] == [State.SETTLED] * 3, "in hand at the time of the drain"
    waiting = operated.deploy(1)
    assert [(one.agent, one.state) for one in operated.views(waiting)] == [("", State.ACCEPTED)]
    events = json.loads(operated.attune("event", "list", "--json"))
    [reason] = [one["reason"] for one in events if one["position"] == operated.views(waiting)[0].event]
    assert reason == "web.deploy: waits: every agent with role=web is cordoned: web1"
    operated.attune("agent", "uncordon", "web1")
    wait_until(lambda: operated.views(waiting)[0].state is State.SETTLED, what="what waited")
    operated.assert_in_order()


def test_the_doctor_finds_every_part_of_a_host_that_works_and_nothing_wrong_with_it(operated: Operated) -> None:
    system, host = operated.running.system, operated.running.agent
    words = ["doctor", "--json", "--controller", "--agent", "--profile", "default", "--settings", str(system.root / "controller.yaml")]
    variables = {"ATTUNE_AGENT_STATE": str(host.state), "ATTUNE_AGENT_RUN": str(host.run), "ATTUNE_AGENT_CONFIG": str(host.config)}
    done = attune(*words, cwd=operated.home, env=variables)
    found = json.loads(done.stdout)
    assert (done.returncode, found["counts"]["errors"]) == (0, 0), [one for one in found["findings"] if one["level"] == "error"]
    well = {(one["program"], one["code"]) for one in found["findings"] if one["level"] == "ok"}
    for program, codes in {
        "controller": ("tls.dates", "port.held", "version.stored", "mode.entry", "kernel.core", "disk.reserve"),
        "agent": ("agent.joined", "tls.accepted", "clock.controller", "version.stored", "version.running", "mode.passage"),
        "executor": ("executor.answers", "executor.protocol", "executor.privileges", "user.uids", "kernel.files"),
        "profile": ("token.taken", "git.synced", "tls.chain", "version.controller"),
    }.items():
        assert {(program, code) for code in codes if code != "executor.privileges" or os.geteuid() == 0} <= well
    assert host.executor is not None
    host.executor.kill()
    found = json.loads(attune(*words, cwd=operated.home, env=variables).stdout)
    assert "executor.answers" in {one["code"] for one in found["findings"] if one["level"] == "error"}
