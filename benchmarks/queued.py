"""Restarts of an agent that has executions queued: from the start of its process to what the first action writes itself.

Called by `restart`. Controller, executors and agents are the real programs. Two hosts have one slot each, which an action holds until it is
let go; behind it stand many executions on the one and a single one on the other. In each round both agents are killed (SIGKILL), the
actions that held the slots end while nobody is there, and the agents are started again, one after the other: they find their queues, learn
of that end, store it, and start the next.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from attune_cli.client import Client
from attune_cli.errors import ProgramFailed
from attune_cli.local.origin import Origin
from attune_cli.local.system import LocalAgent, LocalSystem
from attune_core.wire.api import AgentView

#: Queues of the many; a controller hands 64 of each over.
_QUEUES = 250
_TOGETHER = 500
_PATIENCE = 120.0
#: Says when it began, then holds its slot until it is let go.
_SCRIPT = 'date "+$$ %s.%N" >> "$PLACE/began"\nread -r word < "$PLACE/gate"\n'


def _files(places: Path) -> dict[str, str]:
    parameters = {"host": {"type": "string"}, "key": {"type": "integer"}}
    trigger = {
        "description": "Asks for a hold",
        "data": {"type": "object", "properties": parameters, "required": [*parameters]},
    }
    action = {
        "description": "Hold a slot",
        "run": ["sh", "hold.sh"],
        "parameters": parameters,
        "env": {"PLACE": f"{places}/${{{{ parameters.host }}}}"},
        "concurrency": {"limit": 1, "key": "${{ parameters.key }}"},
        "timeout": "1h",
    }
    rule = {
        "description": "Hold a slot of that host",
        "trigger": "bench.held",
        "action": "bench.hold",
        "input": {name: f"${{{{ event.data.{name} }}}}" for name in parameters},
        "agents": {"match": {"host": "${{ event.data.host }}"}},
    }
    return {
        "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
        "packs/bench/pack.yaml": "name: bench\nversion: 1.0.0\ndescription: For the benchmark\n",
        "packs/bench/triggers/held.yaml": json.dumps(trigger),
        "packs/bench/actions/hold.yaml": json.dumps(action),
        "packs/bench/actions/hold.sh": _SCRIPT,
        "packs/bench/rules/hold.yaml": json.dumps(rule),
    }


class QueuedHost:
    """One host whose only slot is held."""

    def __init__(self, system: LocalSystem, place: Path) -> None:
        """Join it and start its programs; `place` is where its actions say when they began, and wait."""
        self.name = place.name
        self._asked = self._ended = 0
        self._system = system
        self._began, self._gate = place / "began", place / "gate"
        place.mkdir()
        place.chmod(0o755)
        os.mkfifo(self._gate)
        self._began.touch()
        for path in (self._gate, self._began):
            path.chmod(0o666)
        self._host: LocalAgent = system.add_agent(self.name, {"host": self.name}, slots=1)

    def queue(self, client: Client, count: int) -> None:
        """Ask for so many executions more, and wait until all of them are in the agent's hand."""
        first, self._asked = self._asked, self._asked + count
        for start in range(first, self._asked, _TOGETHER):
            numbers = range(start, min(start + _TOGETHER, self._asked))
            events = [
                {
                    "specversion": "1.0",
                    "id": f"{self.name}-{number}",
                    "source": "bench",
                    "type": "bench.held",
                    "data": {"host": self.name, "key": number % _QUEUES},
                }
                for number in numbers
            ]
            client.post_lines("/events", b"\n".join(json.dumps(event).encode() for event in events))
        in_hand = self._asked - self._ended
        self._wait(
            lambda: client.get(f"/v1/agents/{self.name}", AgentView).in_hand == in_hand, f"{in_hand} executions in the hand of {self.name}"
        )

    def hold(self, client: Client) -> None:
        """Have the slot held."""
        self.queue(client, 1)
        self._wait(lambda: bool(self._words()), f"the first action of {self.name}")

    def restart(self) -> float:
        """Kill the agent, let the action that holds the slot end, and start the agent; return the seconds to the next action's own word."""
        agent, before = self._host.agent, self._words()
        if agent is None:
            raise RuntimeError("the host has no agent")
        agent.kill()
        self._gate.write_text("\n", encoding="ascii")  # returns when the action has it
        self._wait(lambda: not Path("/proc", before[-1][0]).exists(), f"the end of the action on {self.name}")
        self._ended += 1
        started = time.time()
        self._system.start_agent(self._host)
        self._wait(lambda: len(self._words()) > len(before), f"a start on {self.name}")
        return float(self._words()[len(before)][1]) - started

    def _wait(self, there: Callable[[], bool], what: str) -> None:
        if self._system.controller is None:
            raise RuntimeError("the controller was not started")
        try:
            self._system.controller.wait_until(there, timeout=_PATIENCE)
        except ProgramFailed as error:
            raise RuntimeError(f"{what} did not come") from error

    def _words(self) -> list[list[str]]:
        """Return pid and time of each action that has begun."""
        return [line.split() for line in self._began.read_text(encoding="ascii").splitlines(keepends=True) if line.endswith("\n")]


@contextmanager
def _system(place: Path) -> Iterator[LocalSystem]:
    """Run a controller with the benchmark's repository."""
    place.mkdir()
    place.chmod(0o711)
    origin = Origin(place / "git")
    origin.write(_files(place))
    commit = origin.push()
    with LocalSystem(root=place / "system", repository=str(origin.bare), poll="60s") as system:
        system.start_controller()
        if system.wait_for_revision(commit).sync.active_revision != commit:
            raise RuntimeError("the benchmark's repository is refused")
        yield system


def measure_restarts(place: Path, *, queued: int, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds to the first start of an agent with so many queued, and of one with a single one, of each round."""
    with _system(place) as system, system.client() as client:
        many, single = QueuedHost(system, place / "many"), QueuedHost(system, place / "single")
        for host in (many, single):
            host.hold(client)
        many.queue(client, queued + rounds)
        found: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds):
            found[0].append(many.restart())
            single.queue(client, 1)
            found[1].append(single.restart())
    return found
