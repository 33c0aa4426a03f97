"""Looks for a bug with one seed after the other, and says which promise was named; used by the tests, which print the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.simulation.bugs.agent import AGENT_BUGS
from tests.simulation.bugs.bug import Bug
from tests.simulation.bugs.controller import CONTROLLER_BUGS
from tests.simulation.bugs.executor import EXECUTOR_BUGS
from tests.simulation.faults import Fault, faults_of
from tests.simulation.world import run

BUGS: Mapping[str, Bug] = {bug.name: bug for bug in (*AGENT_BUGS, *EXECUTOR_BUGS, *CONTROLLER_BUGS)}
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
    return Found(bug, seed, tuple(named)) if any(code.startswith("G") or code in bug.breaks for code in named) else None


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


def row(found: Found, first: int = 0) -> str:
    """Return a line of the table."""
    return f"{found.bug.name:48} {', '.join(found.bug.breaks):10} named {', '.join(found.named):16} seeds needed: {found.seed - first + 1}"
