"""How much later an execution of another queue starts while an action abuses its host (reliability.md row 73), beside the idle path.

The path is that of `path`: signed webhook POST to the action's first effect; the abuses are the files of benchmarks/abuses. For each of
them, rounds without and with it alternate; the ratio is of the medians of one round.
`python -m benchmarks.abuse [--events 30] [--rounds 3] [--only WORD] [--json]`.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from attune_cli.client import Client
from attune_cli.local.program import Program
from attune_core.states import State
from attune_core.values import JsonObject
from attune_core.wire.api import Accepted, EventView, ExecutionView
from benchmarks.figures import show, summary
from benchmarks.path import Effects, Send, path_sender

#: Actions that go on until they are cancelled.
ABUSES = sorted(Path(__file__).with_name("abuses").iterdir())
PROGRAMS = {".sh": "sh", ".py": "python3"}
LIMITS: JsonObject = {"memory": "512MiB", "processes": 400}


def documents() -> dict[str, str]:
    """Return the pack of the abuses."""
    files = {"packs/abuse/pack.yaml": "name: abuse\nversion: 1.0.0\ndescription: What actions may try\n"}
    for abuse in ABUSES:
        action: JsonObject = {"description": "An abuse", "run": [PROGRAMS[abuse.suffix], abuse.name], "timeout": "10m", "limits": LIMITS}
        files[f"packs/abuse/actions/{abuse.stem}.yaml"] = json.dumps(action)
        files[f"packs/abuse/actions/{abuse.name}"] = abuse.read_text()
    return files


class Abuser:
    """Starts and ends abuses by hand."""

    def __init__(self, client: Client, program: Program) -> None:
        self._client = client
        self._program = program

    def start(self, action: str) -> str:
        """Begin one and return its execution when it runs."""
        accepted = self._client.post("/v1/executions", {"action": f"abuse.{action}", "input": {}, "secrets": {}}, Accepted)
        self._program.wait_until(lambda: self._client.get(f"/v1/events/{accepted.position}", EventView).status != "accepted")
        (execution,) = self._client.get(f"/v1/events/{accepted.position}", EventView).executions
        self._program.wait_until(lambda: self._state(execution) is State.STARTED)
        return execution

    def end(self, execution: str) -> None:
        """Cancel it and wait for its end."""
        found = self._client.get(f"/v1/executions/{execution}", ExecutionView)
        if found.state is State.SETTLED:
            raise RuntimeError(f"an abuse ended by itself: {found}")
        self._client.post(f"/v1/executions/{execution}/cancel", None, ExecutionView)
        self._program.wait_until(lambda: self._state(execution) is State.SETTLED)

    def _state(self, execution: str) -> State:
        return self._client.get(f"/v1/executions/{execution}", ExecutionView).state


def latency(send: Send, effects: Effects, label: str, count: int) -> float:
    """Return the median seconds from a POST to its effect, one at a time."""
    found = []
    for number in range(count):
        one, begun = f"{label}-{number}", time.perf_counter()
        send(one)
        effects.wait([one])
        found.append(effects.seen[one] - begun)
    return statistics.median(found)


def measure(events: int, rounds: int, only: str) -> dict[str, str]:
    """Return, for each abuse, by how much it slows the other queue down."""
    figures: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as folder:
        place = Path(folder)
        effects = Effects(place / "effects")
        with path_sender(place, place / "effects", documents()) as (send, system), system.client() as client:
            abuser = Abuser(client, next(iter(system.programs())))
            latency(send, effects, "warm", events)
            idle = []
            for name in (abuse.stem for abuse in ABUSES if only in abuse.stem):
                ratios = []
                for turn in range(rounds):
                    idle.append(latency(send, effects, f"idle-{name}-{turn}", events))
                    execution = abuser.start(name)
                    ratios.append(latency(send, effects, f"{name}-{turn}", events) / idle[-1])
                    abuser.end(execution)
                figures[f"{name.replace('_', ' ')}, x idle"] = summary(ratios)
            figures["idle, ms"] = summary([seconds * 1000 for seconds in idle])
    return figures


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=30)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    found = measure(chosen.events, chosen.rounds, chosen.only)
    show(f"{chosen.rounds} rounds of {chosen.events} events; median (least…most); the goal is below 2", found, as_json=chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
