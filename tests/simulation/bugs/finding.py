"""Looks for a bug with one seed after the other, and says which promise was named.

`python -m tests.simulation.bugs.finding` looks for all of them and prints the table; the seeds stand in known_seeds.json.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.bugs.agent import AGENT_BUGS
from tests.simulation.bugs.bug import Bug
from tests.simulation.bugs.controller import CONTROLLER_BUGS
from tests.simulation.bugs.executor import EXECUTOR_BUGS
from tests.simulation.faults import Fault, faults_of
from tests.simulation.world import run

BUGS: Mapping[str, Bug] = {bug.name: bug for bug in (*AGENT_BUGS, *EXECUTOR_BUGS, *CONTROLLER_BUGS)}
KNOWN = Path(__file__).parent / "known_seeds.json"
#: Simulated hours of one try, faults and events an hour, how long what is stuck is waited for, and tries.
HOURS, FAULTS, EVENTS, REST, TRIES = 0.08, 900, 1500, 600.0, 200


@dataclass(frozen=True)
class Found:
    """The first seed that shows a bug, and the codes of the promises that the judge says are broken."""

    bug: Bug
    seed: int
    named: tuple[str, ...]

    @property
    def right(self) -> bool:
        return any(code in self.bug.breaks for code in self.named)


def look(bug: Bug, seed: int) -> Found | None:
    """Play one seed with the bug; None when it does not show."""
    with bug.injected():
        broken = run(seed, HOURS, faults=faults_for(bug, seed), events=EVENTS, rest=REST).broken
    named = dict.fromkeys(one.partition(":")[0] for one in broken)
    return Found(bug, seed, tuple(named)) if any(code.startswith("G") for code in named) else None


def faults_for(bug: Bug, seed: int) -> Sequence[Fault]:
    """Return the faults of a seed, and what the bug needs besides."""
    faults = list(faults_of(f"seed {seed}", HOURS, FAULTS))
    if bug.needs:
        times = range(10, int(HOURS * 3600), 20)
        faults += [Fault(at=float(at), kind=bug.needs, target=at % 3, seconds=5.0, amount=seed + at) for at in times]
    return faults


def search(bug: Bug, first: int = 0) -> Found | None:
    """Play seeds until the bug shows."""
    return next((found for seed in range(first, first + TRIES) if (found := look(bug, seed))), None)


def known_seeds() -> Mapping[str, int]:
    """Return the seeds at which the bugs show."""
    found: dict[str, int] = json.loads(KNOWN.read_text())
    return found


def row(found: Found, first: int = 0) -> str:
    """Return a line of the table."""
    return f"{found.bug.name:48} {', '.join(found.bug.breaks):10} named {', '.join(found.named):16} seeds needed: {found.seed - first + 1}"


def main() -> int:
    """Look for all bugs, print the table and write down the seeds."""
    seeds: dict[str, int] = {}
    for bug in [bug for bug in BUGS.values() if bug.name in sys.argv[1:] or not sys.argv[1:]]:
        found = search(bug)
        sys.stdout.write(f"{row(found) if found else f'{bug.name}: not found'}\n")
        sys.stdout.flush()
        if found is not None and found.right:
            seeds[bug.name] = found.seed
    KNOWN.write_text(json.dumps(seeds, indent=2) + "\n")
    return len(BUGS) - len(seeds)


if __name__ == "__main__":
    sys.exit(main())
