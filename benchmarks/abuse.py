"""How much later an execution of another queue starts while an action abuses its host (reliability.md row 73), beside the idle path.

The path is that of `path`: signed webhook POST to the action's first effect. For each abuse, rounds without and with it alternate; the
ratio is of the medians of one round. `python -m benchmarks.abuse [--events 30] [--rounds 3] [--only WORD] [--json]`.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from attune_cli.client import Client
from attune_core.states import State
from attune_core.values import JsonValue
from attune_core.wire.api import Accepted, EventView, ExecutionView
from benchmarks.figures import print_table, summary
from benchmarks.path import Effects, Send, path_sender

#: Actions that go on until they are cancelled; the first word of each is what runs the rest.
ABUSES: Mapping[str, tuple[str, str]] = {
    "spins on every processor": ("sh", "for n in 1 2 3 4; do (while :; do :; done) & done; wait"),
    "writes one line for ever": ("sh", "cat /dev/zero >&2 & exec tr '\\0' o </dev/zero"),
    "prints short lines": ("sh", "yes"),
    "forks and ends, for ever": ("sh", "while :; do (:); done"),
    "daemons and zombies": (
        "python3",
        "import os\nwhile True:\n    if os.fork() == 0:\n        if os.fork():\n            os._exit(0)\n        os.setsid()\n        os._exit(0)\n",
    ),
    "a thousand threads": (
        "python3",
        "import threading, time\nthreading.stack_size(65536)\nfor _ in range(1000):\n"
        "    threading.Thread(target=lambda: [time.sleep(0.01) for _ in iter(int, 1)], daemon=True).start()\ntime.sleep(1000)\n",
    ),
    "makes and removes files": ("sh", 'cd "$TMPDIR"; while :; do seq 2000 | xargs touch; seq 2000 | xargs rm; done'),
    "fills and empties its directory": ("sh", 'while :; do head -c 200000000 /dev/zero > "$TMPDIR/x"; rm "$TMPDIR/x"; done'),
    "allocates and frees": ("python3", "while True:\n    bytearray(200 << 20)\n"),
    "ignores SIGTERM": ("sh", "trap '' TERM; while :; do sleep 0.01; done"),
}


def documents() -> dict[str, str]:
    """Return the pack of the abuses."""
    files = {"packs/abuse/pack.yaml": "name: abuse\nversion: 1.0.0\ndescription: What actions may try\n"}
    for number, (program, script) in enumerate(ABUSES.values()):
        action: dict[str, JsonValue] = {"description": "An abuse", "run": [program, f"a{number}.txt"], "timeout": "10m"}
        files[f"packs/abuse/actions/a{number}.yaml"] = json.dumps(action)
        files[f"packs/abuse/actions/a{number}.txt"] = script
    return files


class Abuser:
    """Starts and ends abuses by hand."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def start(self, number: int) -> str:
        """Begin one and return its execution when it runs."""
        accepted = self._client.post("/v1/executions", {"action": f"abuse.a{number}", "input": {}, "secrets": {}}, Accepted)
        _await(lambda: self._client.get(f"/v1/events/{accepted.position}", EventView).status != "accepted")
        (execution,) = self._client.get(f"/v1/events/{accepted.position}", EventView).executions
        _await(lambda: self._state(execution) is State.STARTED)
        return execution

    def end(self, execution: str) -> None:
        """Cancel it and wait for its end."""
        found = self._client.get(f"/v1/executions/{execution}", ExecutionView)
        if found.state is State.SETTLED:
            raise RuntimeError(f"an abuse ended by itself: {found}")
        self._client.post(f"/v1/executions/{execution}/cancel", None, ExecutionView)
        _await(lambda: self._state(execution) is State.SETTLED)

    def _state(self, execution: str) -> State:
        return self._client.get(f"/v1/executions/{execution}", ExecutionView).state


def _await(condition: Callable[[], bool], limit: float = 60.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)


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
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as name:
        place = Path(name)
        effects = Effects(place / "effects")
        with path_sender(place, place / "effects", documents()) as (send, system), system.client() as client:
            abuser = Abuser(client)
            latency(send, effects, "warm", events)
            idle = []
            for number, abuse in enumerate(ABUSES):
                if only not in abuse:
                    continue
                ratios = []
                for turn in range(rounds):
                    idle.append(latency(send, effects, f"i{number}.{turn}", events))
                    execution = abuser.start(number)
                    ratios.append(latency(send, effects, f"a{number}.{turn}", events) / idle[-1])
                    abuser.end(execution)
                figures[f"{abuse}, x idle"] = summary(ratios)
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
    if chosen.json:
        print(json.dumps(found, indent=2))
    else:
        print_table(f"{chosen.rounds} rounds of {chosen.events} events; median (least…most); the goal is below 2", found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
