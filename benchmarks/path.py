"""The whole path beside its floor: signed webhook POST to the action's first effect, over mutual TLS, everything durable.

The floor is posix_spawn of the same script with the same JSON on standard input, in a session of its own. Rounds of path and floor
alternate, so that a noisy machine disturbs both. `python -m benchmarks.path [--events 500] [--rounds 5] [--json]`.
"""

import argparse
import hashlib
import hmac
import json
import os
import selectors
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from attune_cli.local.origin import Origin
from attune_cli.local.system import LocalSystem
from benchmarks.figures import show, summary

SECRET = "benchmark-secret"  # noqa: S105 - of a hook that lives for a minute
SLOTS = 4
SCRIPT = 'read -r input\nprintf "%s\\n" "$ID" > "$FIFO"\n'


def repository(fifo: Path) -> dict[str, str]:
    """Return a repository with one hook, one rule and one shell action that answers through a FIFO."""
    trigger = {
        "description": "A ping",
        "data": {"type": "object", "required": ["id", "padding"], "properties": {"id": {"type": "string"}, "padding": {"type": "string"}}},
    }
    action = {
        "description": "Answer",
        "run": ["sh", "answer.sh"],
        "parameters": {"id": {"type": "string"}},
        "env": {"ID": "${{ parameters.id }}", "FIFO": str(fifo)},
        "concurrency": {"limit": SLOTS},
    }
    rule = {
        "description": "Answer each ping",
        "trigger": "bench.ping",
        "when": 'event.data.id != "" && event.data.padding.size() > 3',
        "action": "bench.answer",
        "input": {"id": "${{ event.data.id }}"},
        "agents": {"match": {"role": "bench"}},
    }
    hook = {
        "verify": "github",
        "secret": "${{ controller.secrets.bench }}",
        "trigger": 'bench.${{ headers["x-github-event"] }}',
        "allow": ["ping"],
        "description": "For the benchmark",
    }
    return {
        "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
        "packs/bench/pack.yaml": "name: bench\nversion: 1.0.0\ndescription: For the benchmark\n",
        "packs/bench/triggers/ping.yaml": json.dumps(trigger),
        "packs/bench/actions/answer.yaml": json.dumps(action),
        "packs/bench/actions/answer.sh": SCRIPT,
        "packs/bench/rules/answer.yaml": json.dumps(rule),
        "webhooks/bench.yaml": json.dumps(hook),
    }


class Effects:
    """Reads the FIFO and remembers when each id arrived."""

    def __init__(self, fifo: Path) -> None:
        """Make the FIFO and begin to read."""
        os.mkfifo(fifo, 0o666)
        fifo.chmod(0o666)
        # Opened for writing as well, so that the end of one writer is not the end of the FIFO.
        self._reader = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
        self.seen: dict[str, float] = {}
        self._arrived = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def wait(self, ids: Sequence[str], timeout: float = 120) -> None:
        """Wait until all of them have arrived."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: all(one in self.seen for one in ids), timeout):
                raise TimeoutError(f"{sum(one not in self.seen for one in ids)} effects are missing")

    def _read(self) -> None:
        waiting, selector = b"", selectors.DefaultSelector()
        selector.register(self._reader, selectors.EVENT_READ)
        while True:
            selector.select()
            waiting += os.read(self._reader, 65_536)
            now = time.perf_counter()
            *lines, waiting = waiting.split(b"\n")
            with self._arrived:
                self.seen.update((line.decode(), now) for line in lines)
                self._arrived.notify_all()


@dataclass
class Round:
    """What one round measured; seconds."""

    latencies: list[float] = field(default_factory=list)
    rate: float = 0.0
    cpu: float = 0.0


Send = Callable[[str], None]


def measure(send: Send, effects: Effects, cpu: Callable[[], float], *, count: int, label: str) -> Round:
    """Send one at a time and wait for each effect, then all at once from `SLOTS` senders."""
    found = Round()
    for number in range(count // 5):
        one = f"{label}-l{number}"
        begun = time.perf_counter()
        send(one)
        effects.wait([one])
        found.latencies.append(effects.seen[one] - begun)
    ids = [f"{label}-t{number}" for number in range(count)]
    spent, begun = cpu(), time.perf_counter()
    with ThreadPoolExecutor(SLOTS) as senders:
        list(senders.map(send, ids))
    effects.wait(ids)
    found.rate = count / (max(effects.seen[one] for one in ids) - begun)
    found.cpu = (cpu() - spent) / count
    return found


def payload(one: str) -> bytes:
    """Return a body of about 1.5 kB."""
    return json.dumps({"id": one, "padding": "x" * 1400}).encode()


@contextmanager
def path_sender(place: Path, fifo: Path, more: Mapping[str, str] | None = None) -> Iterator[tuple[Send, LocalSystem]]:
    """Yield a function that posts one signed webhook to a running system, which may have more files than those it needs for that."""
    place.chmod(0o711)
    origin = Origin(place / "git")
    origin.write({**repository(fifo), **(more or {})})
    commit = origin.push()
    local = threading.local()
    with LocalSystem(root=place / "system", repository=str(origin.bare)) as system:
        system.put_controller_secret("bench", SECRET)
        system.start_controller()
        if system.wait_for_revision(commit).sync.active_revision != commit:
            raise RuntimeError("the benchmark's repository is refused")
        system.add_agent("bench", {"role": "bench"}, slots=SLOTS)
        system.wait_for_agents()

        def send(one: str) -> None:
            if not hasattr(local, "client"):
                local.client = system.client()
            body = payload(one)
            signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
            headers = {"x-github-event": "ping", "x-github-delivery": one, "x-hub-signature-256": f"sha256={signature}"}
            status, answer = local.client.post_bytes("/hooks/bench", body, headers)
            if status not in (200, 202):
                raise RuntimeError(f"{status} {answer}")

        yield send, system


def floor_sender(place: Path, fifo: Path) -> Send:
    """Return a function that starts the same script directly."""
    script = place / "answer.sh"
    script.write_text(SCRIPT)

    def send(one: str) -> None:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        actions = [(os.POSIX_SPAWN_DUP2, reader, 0)]
        environment = {"ID": one, "FIFO": str(fifo), "PATH": "/usr/bin:/bin"}
        child = os.posix_spawn("/bin/sh", ["sh", str(script)], environment, file_actions=actions, setsid=True)
        os.close(reader)
        os.write(writer, json.dumps({"id": one}).encode() + b"\n")
        os.close(writer)
        os.waitpid(child, 0)

    return send


def tree_cpu(pids: Sequence[int]) -> float:
    """Return the CPU seconds of these processes, their living descendants and the ended ones these have waited for."""
    ticks = 0.0
    for pid in [*pids, *descendants(pids)]:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += sum(int(number) for number in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def descendants(pids: Sequence[int]) -> list[int]:
    """Return all living descendants."""
    found: list[int] = []
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
            children = [int(child) for child in tasks.read_text().split()]
            found += children
            waiting += children
    return found


def own_cpu() -> float:
    """Return the CPU seconds of the floor's children."""
    times = os.times()
    return times.children_user + times.children_system


def resident(system: LocalSystem) -> dict[str, float]:
    """Return MB of proportional memory by program, keepers included with their executor."""
    found = {}
    for program in system.programs():
        total = 0
        for pid in [program.pid, *descendants([program.pid])]:
            with suppress(OSError):  # an action that has just ended
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        found[program.name] = round(total / 1024, 1)
    return found


def percentile(values: Sequence[float], part: float) -> float:
    """Return one of the sorted values."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def report(path: Sequence[Round], floor: Sequence[Round], memory: dict[str, float], memory_idle: dict[str, float]) -> dict[str, str]:
    """Return what is worth knowing, as texts: median over the rounds and their spread."""
    pairs = list(zip(path, floor, strict=True))

    def ratio(of: Callable[[Round], float]) -> str:
        return summary([of(one) / of(other) for one, other in pairs])

    return {
        "effect p50, ms": summary([percentile(one.latencies, 0.5) * 1000 for one in path]),
        "effect p99, ms": summary([percentile(one.latencies, 0.99) * 1000 for one in path]),
        "CPU per event, ms": summary([one.cpu * 1000 for one in path]),
        "events/s": summary([one.rate for one in path]),
        "floor p50, ms": summary([percentile(one.latencies, 0.5) * 1000 for one in floor]),
        "floor CPU per event, ms": summary([one.cpu * 1000 for one in floor]),
        "floor events/s": summary([one.rate for one in floor]),
        "p50, x floor": ratio(lambda one: percentile(one.latencies, 0.5)),
        "p99, x floor": ratio(lambda one: percentile(one.latencies, 0.99)),
        "CPU per event, x floor": ratio(lambda one: one.cpu),
        "events/s, x floor": ratio(lambda one: one.rate),
        "memory idle, MB (PSS)": json.dumps(memory_idle),
        "memory after the load, MB (PSS)": json.dumps(memory),
    }


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=500)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as name:
        place = Path(name)
        fifo = place / "effects"
        effects = Effects(fifo)
        with path_sender(place, fifo) as (send, system):
            pids = [program.pid for program in system.programs()]
            send_floor = floor_sender(place, fifo)
            measure(send, effects, own_cpu, count=20, label="warm")
            idle = resident(system)
            path, floor = [], []
            for number in range(chosen.rounds):
                path.append(measure(send, effects, lambda: tree_cpu(pids), count=chosen.events, label=f"p{number}"))
                floor.append(measure(send_floor, effects, own_cpu, count=chosen.events, label=f"f{number}"))
            found = report(path, floor, resident(system), idle)
    show(f"{chosen.rounds} rounds of {chosen.events} events; median (least…most)", found, as_json=chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
