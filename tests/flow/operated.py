"""A system under operation: one agent that deploys one thing after the other, a witness of it, and an operator's shell.

For the flow tests of what operators do to agents and queues, and of the pages about it.
"""

import json
import re
import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from attune_core.values import JsonObject, JsonValue
from attune_core.version import VERSION
from attune_core.wire.api import AgentView, ExecutionView
from tests.checker import read_witness, violations
from tests.cli.commands import attune
from tests.running import Running, action_document, pack, running_system
from tests.waiting import wait_until

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
#: How long something waits, in a column or at the end of a line.
AGE = re.compile(r"(?<= )\d+s(?= |$)", re.MULTILINE)
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


@contextmanager
def operated_system(place: Path) -> Iterator[Operated]:
    """Start one, logged in."""
    witness = place / "witness"
    witness.touch()
    witness.chmod(0o666)
    with running_system(place, repository(witness), name="web1", labels={"role": "web"}) as running:
        profile = place / ".config/attune/profiles/default.json"
        profile.parent.mkdir(parents=True)
        profile.touch(0o600)
        profile.write_text(json.dumps(asdict(running.system.profile)))
        yield Operated(running, witness, place)


def assert_prints(operated: Operated, words: Sequence[str], printed: str) -> None:
    """Compare what a command prints with the page, but for times; a list is read again until it says what is still on its way."""
    said: list[str] = []

    def same() -> bool:
        told = operated.attune(*words).replace(VERSION, "0.1.0")
        said[:] = [AGE.sub(lambda found: f"{'2s':<{len(found[0])}}", MOMENT.sub("2026-01-31T12:00:00", told)).strip()]
        return said[0] == printed or words[1] not in {"list", "show"}

    try:
        wait_until(same, timeout=20)
    finally:
        assert said[0] == printed, f"{shlex.join(words)} printed:\n{said[0]}"
