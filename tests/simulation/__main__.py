"""Plays seeds of the simulation: `python -m tests.simulation --seed N [--hours H] [--seeds COUNT] [--trace] [--until TURN] [--shrink]`."""

import argparse
import sys
import time

from tests.simulation.world import run


def say(*lines: str) -> None:
    """Print lines."""
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def main() -> int:
    """Play what is asked for; 1 when a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1, help="so many seeds from this one on")
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--trace", action="store_true", help="show what everybody does")
    parser.add_argument("--until", type=int, help="stop at this turn")
    asked = parser.parse_args()
    failures = 0
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
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
