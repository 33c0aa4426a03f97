"""The whole path beside its floor and its peer: signed webhook POST to the action's first effect, over mutual TLS, everything durable.

The floor is posix_spawn of the same script with the same JSON on standard input, in a session of its own. The peers are Celery with a
Redis that syncs each write: one that keeps what Attune keeps, as far as it can, and a bare one (`peer_programs` says what they do). Rounds
of all alternate, so that a noisy machine disturbs all.
`python -m benchmarks.path [--events 500] [--rounds 5] [--no-peer] [--json]`.
"""

import argparse
import json
import os
import selectors
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from attune_cli.local.origin import Origin
from attune_cli.local.system import LocalSystem
from benchmarks.figures import ratios, show, summary
from benchmarks.peer import PeerMissing, celery_with_redis
from benchmarks.sender import SECRET, Sender

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


@contextmanager
def path_sender(place: Path, fifo: Path, more: Mapping[str, str] | None = None) -> Iterator[tuple[Send, LocalSystem]]:
    """Yield a function that posts one signed webhook to a running system, which may have more files than those it needs for that."""
    place.chmod(0o711)
    origin = Origin(place / "git")
    origin.write({**repository(fifo), **(more or {})})
    commit = origin.push()
    with LocalSystem(root=place / "system", repository=str(origin.bare), poll="10s") as system:
        system.put_controller_secret("bench", SECRET)
        system.start_controller()
        if system.wait_for_revision(commit).sync.active_revision != commit:
            raise RuntimeError("the benchmark's repository is refused")
        system.add_agent("bench", {"role": "bench"}, slots=SLOTS)
        system.wait_for_agents()
        access = system.profile
        yield Sender(f"{access.url.rstrip('/')}/hooks/bench", access.authority), system


def floor_sender(script: Path, fifo: Path) -> Send:
    """Return a function that starts the same script directly."""

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


@dataclass
class Side:
    """One of those that are compared, with what its rounds measured."""

    name: str
    send: Send
    cpu: Callable[[], float]
    rounds: list[Round] = field(default_factory=list)

    def measure(self, effects: Effects, count: int) -> None:
        """Measure one more round."""
        self.rounds.append(measure(self.send, effects, self.cpu, count=count, label=f"{self.name}{len(self.rounds)}"))

    def values(self, of: Callable[[Round], float]) -> list[float]:
        """Return one figure of every round."""
        return [of(one) for one in self.rounds]


#: What is measured, with its unit and the factor that makes it so.
FIGURES: Mapping[str, tuple[Callable[[Round], float], float]] = {
    "effect p50, ms": (lambda one: percentile(one.latencies, 0.5), 1000),
    "effect p99, ms": (lambda one: percentile(one.latencies, 0.99), 1000),
    "CPU per event, ms": (lambda one: one.cpu, 1000),
    "events/s": (lambda one: one.rate, 1),
}


def report(sides: Sequence[Side]) -> dict[str, str]:
    """Return what is worth knowing, as texts: median over the rounds and their spread; the first side is compared with the others."""
    first, *others = sides
    found = {
        f"{side.name}: {label}": summary([value * factor for value in side.values(of)])
        for side in sides
        for label, (of, factor) in FIGURES.items()
    }
    for other in others:
        for label, (of, _) in FIGURES.items():
            found[f"{first.name} / {other.name}: {label.partition(',')[0]}"] = ratios(first.values(of), other.values(of))
    return found


def cpu_of(pids: Sequence[int]) -> Callable[[], float]:
    """Return a function that reads the CPU seconds of these programs and all that they started."""
    return lambda: tree_cpu(pids)


def measure_all(place: Path, chosen: argparse.Namespace) -> dict[str, str]:
    """Start everything, measure the rounds, return the figures."""
    fifo, script = place / "effects", place / "answer.sh"
    effects = Effects(fifo)
    script.write_text(SCRIPT)
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        send, system = stack.enter_context(path_sender(place, fifo))
        sides = [
            Side("Attune", send, cpu_of([program.pid for program in system.programs()])),
            Side("floor", floor_sender(script, fifo), own_cpu),
        ]
        if not chosen.no_peer:
            try:
                for name in ("keeping peer", "bare peer"):
                    place_of = place / name.replace(" ", "-")
                    peer = stack.enter_context(celery_with_redis(place_of, script, fifo, slots=SLOTS, keeps=name == "keeping peer"))
                    sides.append(Side(name, peer.send, cpu_of(peer.pids)))
                    missing["peers"] = peer.versions
            except PeerMissing as error:
                missing["peers"] = f"not measured: {error}"
        for side in sides:
            measure(side.send, effects, side.cpu, count=20, label=f"warm-{side.name}")
        idle = resident(system)
        for _ in range(chosen.rounds):
            for side in sides:
                side.measure(effects, chosen.events)
        memory = {
            "Attune: memory idle, MB (PSS)": json.dumps(idle),
            "Attune: memory after the load, MB (PSS)": json.dumps(resident(system)),
        }
        return report(sides) | memory | missing


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=500)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--no-peer", action="store_true")
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as name:
        found = measure_all(Path(name), chosen)
    show(f"{chosen.rounds} rounds of {chosen.events} events; median (least…most)", found, as_json=chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
