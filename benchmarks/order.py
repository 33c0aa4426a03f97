"""Order and idle time of a queue with limit 1: Attune's real one beside StackStorm's published way of delaying, for the same arrivals.

StackStorm's side is a model of its scheduler in virtual time: a loop takes every 0.1 s the due execution with the lowest time and, when the
action's concurrency threshold (1) is reached, overwrites that time with now + 2.5 s. Attune's is the whole system, judged by a witness.
`python -m benchmarks.order [--executions 60] [--rounds 3] [--json]`.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Event

from attune_cli.local.origin import Origin
from attune_cli.local.system import LocalSystem
from attune_core.values import JsonValue
from attune_core.wire.api import Accepted
from benchmarks.figures import show, summary

#: StackStorm's scheduler: seconds between two looks, and by how much a delayed execution's time is overwritten.
LOOP, DELAY = 0.1, 2.5
#: Seconds that an execution lasts, least and most; they arrive this much faster than they can run.
SHORTEST, LONGEST, LOAD = 0.2, 0.8, 1.3
SCRIPT = """\
printf 'S %s %s\\n' "$INDEX" "$(date +%s.%N)" >> "$WITNESS"
sleep "$SECONDS_"
printf 'E %s %s\\n' "$INDEX" "$(date +%s.%N)" >> "$WITNESS"
"""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One execution asked for: when, from the beginning, and how long it lasts; seconds."""

    at: float
    lasts: float


@dataclass(frozen=True, kw_only=True)
class Run:
    """When one execution started and ended, on its side's own clock; index is the order of the requests."""

    index: int
    started: float
    ended: float


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a side did: pairs started in the wrong order, and time in which the slot was idle while something waited; percent."""

    inverted: float
    idle: float


def requests(seed: int, count: int) -> Sequence[Request]:
    """Return random arrivals (Poisson) that keep the queue busy, the same for both sides."""
    dice = random.Random(seed)  # noqa: S311 - arrivals, no secrets
    at, found = 0.0, []
    for _ in range(count):
        found.append(Request(at=at, lasts=round(dice.uniform(SHORTEST, LONGEST), 3)))
        at += dice.expovariate(LOAD * 2 / (SHORTEST + LONGEST))
    return found


def delayed(asked: Sequence[Request]) -> Sequence[Run]:
    """Return what StackStorm's way makes of them."""
    due = {index: one.at for index, one in enumerate(asked)}
    found: list[Run] = []
    now, free_at = 0.0, 0.0
    while due:
        index = min(due, key=lambda one: (due[one], one))
        if due[index] <= now:
            if free_at > now:
                due[index] = now + DELAY
            else:
                del due[index]
                free_at = now + asked[index].lasts
                found.append(Run(index=index, started=now, ended=free_at))
        now += LOOP
    return found


def figures(asked: Sequence[Request], runs: Sequence[Run], arrived: Sequence[float]) -> Figures:
    """Judge one side by its starts and ends."""
    order = [run.index for run in sorted(runs, key=lambda run: run.started)]
    pairs = len(order) * (len(order) - 1) // 2
    inverted = sum(order[one] > order[other] for one in range(len(order)) for other in range(one + 1, len(order)))
    idle = sum(_idle(runs, arrived))
    span = max(run.ended for run in runs) - min(run.started for run in runs)
    if len(runs) != len(asked):
        raise RuntimeError(f"{len(asked) - len(runs)} of {len(asked)} executions did not run")
    return Figures(inverted=100 * inverted / pairs, idle=100 * idle / span)


def _idle(runs: Sequence[Run], arrived: Sequence[float]) -> Iterator[float]:
    """Yield each time in which nothing ran although something had arrived and not started."""
    ordered = sorted(runs, key=lambda run: run.started)
    for before, after in pairwise(ordered):
        waiting_since = min(arrived[run.index] for run in ordered if run.started >= after.started)
        yield max(after.started - max(before.ended, waiting_since), 0.0)


@contextmanager
def attune(place: Path, witness: Path) -> Iterator[LocalSystem]:
    """Run a whole system with one action of limit 1."""
    place.chmod(0o711)
    witness.touch()
    witness.chmod(0o666)
    parameters = {"index": {"type": "string"}, "seconds": {"type": "string"}}
    action = {
        "description": "Last a while",
        "run": ["sh", "last.sh"],
        "parameters": parameters,
        "env": {"INDEX": "${{ parameters.index }}", "SECONDS_": "${{ parameters.seconds }}", "WITNESS": str(witness)},
    }
    trigger = {"description": "Asked", "data": {"type": "object", "required": [*parameters], "properties": parameters}}
    rule = {
        "description": "Last as long as asked",
        "trigger": "bench.asked",
        "action": "bench.last",
        "input": {name: f"${{{{ event.data.{name} }}}}" for name in parameters},
        "agents": {"match": {"role": "bench"}},
    }
    origin = Origin(place / "git")
    origin.write(
        {
            "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
            "packs/bench/pack.yaml": "name: bench\nversion: 1.0.0\ndescription: For the benchmark\n",
            "packs/bench/triggers/asked.yaml": json.dumps(trigger),
            "packs/bench/actions/last.yaml": json.dumps(action),
            "packs/bench/actions/last.sh": SCRIPT,
            "packs/bench/rules/last.yaml": json.dumps(rule),
        }
    )
    commit = origin.push()
    with LocalSystem(root=place / "system", repository=str(origin.bare)) as system:
        system.start_controller()
        status = system.wait_for_revision(commit)
        if status.sync.active_revision != commit:
            raise RuntimeError(f"the benchmark's repository is refused: {status.sync.problems}")
        system.add_agent("bench", {"role": "bench"}, slots=4)
        system.wait_for_agents()
        yield system


def queued(system: LocalSystem, witness: Path, asked: Sequence[Request], label: str) -> tuple[Sequence[Run], Sequence[float]]:
    """Send the requests at their times; return what the witness says, and when each was acknowledged."""
    before = len(witness.read_text().splitlines())
    begun, arrived, pause = time.time(), list[float](), Event()
    with system.client() as client:
        for index, one in enumerate(asked):
            pause.wait(max(begun + one.at - time.time(), 0.0))
            data: JsonValue = {"index": str(index), "seconds": str(one.lasts)}
            event: JsonValue = {"specversion": "1.0", "id": f"{label}-{index}", "source": "bench", "type": "bench.asked", "data": data}
            client.post("/events", event, Accepted, content_type="application/cloudevents+json")
            arrived.append(time.time())
    deadline = time.monotonic() + 60 + sum(one.lasts for one in asked)
    while len(lines := witness.read_text().splitlines()[before:]) < 2 * len(asked):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(lines)} of {2 * len(asked)} lines are in the witness")
        pause.wait(0.2)
    moments: dict[tuple[str, int], float] = {}
    for line in lines:
        kind, text, moment = line.split()
        moments[kind, int(text)] = float(moment)
    return [Run(index=index, started=moments["S", index], ended=moments["E", index]) for index in range(len(asked))], arrived


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--executions", type=int, default=60)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    ours: list[Figures] = []
    theirs: list[Figures] = []
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as name:
        place = Path(name)
        witness = place / "witness"
        with attune(place, witness) as system:
            for seed in range(chosen.rounds):
                asked = requests(seed, chosen.executions)
                ours.append(figures(asked, *queued(system, witness, asked, f"round-{seed}")))
                theirs.append(figures(asked, delayed(asked), [one.at for one in asked]))
    shown: Mapping[str, Callable[[Figures], float]] = {
        "pairs started in another order": lambda one: one.inverted,
        "slot idle while something waits": lambda one: one.idle,
    }
    found = {
        f"{side}: {label}, %": summary([of(one) for one in measured])
        for side, measured in (("Attune", ours), ("StackStorm's delay, modelled", theirs))
        for label, of in shown.items()
    }
    show(f"{chosen.rounds} rounds of {chosen.executions} executions, limit 1; median (least…most)", found, as_json=chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
