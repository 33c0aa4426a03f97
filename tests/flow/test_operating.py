"""Hosts under operation, on the real programs: paused through kill -9, drained to the end, and the page about it by the letter."""

import json
import re
import shlex
import signal
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from attune_core.states import State
from attune_core.values import JsonObject, JsonValue
from attune_core.version import VERSION
from attune_core.wire.api import AgentView, ExecutionView
from tests.checker import read_witness, violations
from tests.cli.commands import attune
from tests.pages import blocks, typed
from tests.running import Running, action_document, pack, running_system
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
STEP = """\
printf 'S deploys %s %s\\n' "$INDEX" "$ATTUNE_ATTEMPT" >> {witness}
sleep "$PAUSE"
printf 'E deploys %s %s\\n' "$INDEX" "$ATTUNE_ATTEMPT" >> {witness}
"""
PARAMETERS: JsonObject = {"index": {"type": "integer"}, "pause": {"type": "string", "default": "0.2"}}


def repository(witness: Path) -> dict[str, str]:
    data: JsonValue = {"type": "object", "required": ["index"], "additionalProperties": False, "properties": PARAMETERS}
    rule: JsonObject = {
        "description": "Deploy",
        "trigger": "web.deploy",
        "action": "web.deploy",
        "input": {"index": "${{ event.data.index }}"},
        "agents": {"match": {"role": "web"}},
    }
    action = action_document(
        "deploy.sh",
        parameters=PARAMETERS,
        env={"INDEX": "${{ string(parameters.index) }}", "PAUSE": "${{ parameters.pause }}"},
    )
    return pack(
        "web",
        {
            "triggers/deploy.yaml": json.dumps({"description": "A deployment", "data": data}),
            "rules/deploy.yaml": json.dumps(rule),
            "actions/deploy.yaml": action,
            "actions/deploy.sh": STEP.format(witness=witness),
        },
    )


@dataclass
class Operated:
    """A system with one agent, web1, and an operator's shell."""

    running: Running
    witness: Path
    home: Path
    count: int = 0

    def attune(self, *words: str) -> str:
        """Run a command that must succeed; return what it printed, stderr last."""
        done = attune(*words, cwd=self.home)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def deploy(self, count: int) -> Sequence[str]:
        """Send events; return their executions in this order."""
        found: list[str] = []
        for index in range(self.count, self.count + count):
            accepted = self.running.send("web.deploy", {"index": index}, event_id=f"deploy-{index}")
            found += self.running.executions_of(accepted.position)
        self.count += count
        return found

    def views(self, executions: Sequence[str]) -> Sequence[ExecutionView]:
        with self.running.system.client() as client:
            return [client.get(f"/v1/executions/{one}", ExecutionView) for one in executions]

    def agent(self) -> AgentView:
        with self.running.system.client() as client:
            return client.get("/v1/agents/web1", AgentView)

    def await_agent(self, what: str, *, host_pause: str = "") -> None:
        """Wait until it is connected, follows what it is told and is known to be paused by its host, or not."""
        wait_until(
            lambda: (
                (found := self.agent()).state == "connected"
                and all(mark.applied for mark in found.marks)
                and found.host_pause == host_pause
            ),
            what=what,
        )

    def write_settings(self, added: str) -> None:
        """Let the host's agent.yaml say this too, and the agent look into it again."""
        host = self.running.agent
        assert host.agent is not None
        (host.state / "agent.yaml").write_text(f"slots: {host.slots}\n{added}", encoding="utf-8")
        host.agent.signal(signal.SIGHUP)

    def assert_in_order(self) -> None:
        """By the witness, everything ran once, one after the other, in the order of the events."""
        assert not violations(read_witness(self.witness), {"deploys": 1}, {"deploys": self.count}, frozenset())


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    place = tmp_path_factory.mktemp("operating")
    witness = place / "witness"
    witness.touch()
    witness.chmod(0o666)
    with running_system(place, repository(witness), name="web1", labels={"role": "web"}) as running:
        profile = place / ".config/attune/profiles/default.json"
        profile.parent.mkdir(parents=True)
        profile.touch(0o600)
        profile.write_text(json.dumps(asdict(running.system.profile)))
        yield Operated(running, witness, place)


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


def assert_prints(operated: Operated, words: Sequence[str], printed: str) -> None:
    """Compare what a command prints with the page, but for times; a list is read again until it says what is still on its way."""
    said: list[str] = []

    def same() -> bool:
        said[:] = [MOMENT.sub("2026-01-31T12:00:00", operated.attune(*words)).replace(VERSION, "0.1.0").strip()]
        return said[0] == printed or "list" not in words

    try:
        wait_until(same, timeout=20)
    finally:
        assert said[0] == printed, f"{shlex.join(words)} printed:\n{said[0]}"


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
