"""`python -m tests.faults.kill --executions N --kills K`: kills at random moments, and a witness that says what they did.

Of the kills a quarter each hits the controller, the agent, the executor, and a whole host at once. One sender sends until it is answered,
so that what was acknowledged is known; the next kill comes when the actions have written their share of lines.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.faults.rig import Rig, Verdict, alive, rig
from tests.waiting import wait_until

#: Acknowledged steps that may wait: with fewer there is always something to be killed, with more nothing is gained.
AHEAD = 64
#: Steps of one lane.
LANE = 500


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a run came to."""

    acknowledged: int
    kills: Counter[str]
    verdict: Verdict
    seconds: float

    @property
    def table(self) -> str:
        """Return it for people."""
        rows: list[tuple[str, object]] = [
            ("executions acknowledged", self.acknowledged),
            ("kills", ", ".join(f"{count} {name}" for name, count in sorted(self.kills.items()))),
            ("acknowledged and lost", len(self.verdict.acknowledged_lost)),
            ("second starts and inversions", len(self.verdict.order_broken)),
            ("ends that were none", len(self.verdict.ends_invented)),
            ("stuck", 0),  # else the run would not have ended
            ("said to be lost, with their reason", len(self.verdict.lost)),
            ("seconds", round(self.seconds)),
        ]
        return "".join(f"{name:36}{value}\n" for name, value in rows)


def lanes(executions: int) -> list[str]:
    """Return the queues: at least four, half of them with three at a time."""
    count = max(2, executions // LANE // 2)
    return [f"{kind}_{number}" for number in range(count) for kind in ("one", "three")]


def run(broken: Rig, *, executions: int, kills: int, seed: int, say: Callable[[str], object] = lambda _text: None) -> Tally:
    """Send, kill, wait for the end and judge."""
    chance, began = random.Random(seed), time.monotonic()
    names = lanes(executions)
    steps = [(chance.choice(names), f"{chance.random() * 0.02:.3f}") for _ in range(executions)]
    marks = Marks(broken.witness)
    sender = threading.Thread(target=_send_all, args=(broken, steps, marks))
    sender.start()
    ways = {"controller": _kill_controller, "agent": _kill_agent, "executor": _kill_executor, "host": _kill_host}
    whom = [list(ways)[number % len(ways)] for number in range(kills)]
    chance.shuffle(whom)
    for number, name in enumerate(whom, start=1):
        wanted = executions * number // (kills + 2)
        wait_until(lambda wanted=wanted: marks.starts() >= wanted, timeout=120, what=f"{wanted} starts")  # type: ignore[misc]  # a default binds it now
        ways[name](broken)
        say(f"{time.monotonic() - began:6.0f} s  kill {number} of {kills}: {name}; {marks.starts()} of {executions} started\n")
    sender.join()
    broken.settle(timeout=600)
    verdict = broken.verdict()
    return Tally(acknowledged=len(broken.acknowledged), kills=Counter(whom), verdict=verdict, seconds=time.monotonic() - began)


class Marks:
    """How many first lines the actions have written; the file is read only where it has grown."""

    def __init__(self, witness: Path) -> None:
        self._witness, self._at, self._starts = witness, 0, 0
        self._lock = threading.Lock()

    def starts(self) -> int:
        """Return the count of now."""
        with self._lock, self._witness.open("rb") as file:
            file.seek(self._at)
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            self._at += len(whole)
            self._starts += sum(line.startswith(b"S ") for line in whole.splitlines())
            return self._starts


def _send_all(broken: Rig, steps: list[tuple[str, str]], marks: Marks) -> None:
    for number, (lane, pause) in enumerate(steps):
        wait_until(lambda number=number: number - marks.starts() < AHEAD, timeout=300, what=f"room for step {number}")  # type: ignore[misc]  # a default binds it now
        broken.send(lane, pause=pause)


def _kill_controller(broken: Rig) -> None:
    alive(broken.system.controller).kill()
    broken.system.start_controller()


def _kill_agent(broken: Rig) -> None:
    alive(broken.host.agent).kill()
    broken.system.start_agent(broken.host)


def _kill_executor(broken: Rig) -> None:
    alive(broken.host.executor).kill()
    broken.system.start_executor(broken.host)


def _kill_host(broken: Rig) -> None:
    broken.kill_host()
    broken.start_host()


def main() -> int:
    """Run it by hand, with progress."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-kill-") as place, rig(Path(place)) as broken:
        tally = run(broken, executions=options.executions, kills=options.kills, seed=options.seed, say=sys.stderr.write)
    sys.stdout.write(tally.table)
    for problem in tally.verdict.problems:
        sys.stdout.write(f"{problem}\n")
    return 1 if tally.verdict.problems else 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
