"""Plays seeds of the simulation: `python -m tests.simulation --seed N [--hours H] [--seeds COUNT] [--trace] [--until TURN] [--shrink]`."""

import argparse
import sys
import time
from collections.abc import Sequence

from tests.simulation.coverage import table
from tests.simulation.faults import Fault, faults_of
from tests.simulation.shrinking import shrink
from tests.simulation.world import Finding, run


def say(*lines: str) -> None:
    """Print lines."""
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def _needed(seed: int, hours: float) -> Sequence[Fault]:
    return shrink(faults_of(f"seed {seed}", hours), lambda faults: bool(run(seed, hours, faults=faults).broken))


def main() -> int:
    """Play what is asked for; 1 when a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1, help="so many seeds from this one on")
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--trace", action="store_true", help="show what everybody does")
    parser.add_argument("--shrink", action="store_true", help="show the faults that are needed to break a promise")
    parser.add_argument("--until", type=int, help="stop at this turn")
    asked = parser.parse_args()
    failures = 0
    findings: list[Finding] = []
    for seed in range(asked.seed, asked.seed + asked.seeds):
        began = time.process_time()
        found = run(seed, asked.hours, traced=asked.trace, until=asked.until)
        say(*found.timeline)
        cost = time.process_time() - began
        say(
            f"seed {seed}: {found.events} events, {found.executions} executions, {found.starts} starts, {found.faults.total()} faults,"
            f" {found.turns} turns, {found.seconds:.0f} s in {cost:.2f} s, trace {found.trace}: {len(found.broken)} broken",
            *found.broken[:20],
        )
        failures += bool(found.broken)
        findings.append(found)
        if asked.shrink and found.broken:
            say(*map(str, _needed(seed, asked.hours)))
    if asked.seeds > 1:
        say(table(findings))
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
