"""Which kinds of faults and which failpoints a run of seeds has met, as a table; a run that missed one has proved less than it says.

Used by the tests and by `__main__`.
"""

from collections import Counter
from collections.abc import Sequence

from tests.simulation.faults import CRASH_AT, FAILPOINTS, KINDS, point_of
from tests.simulation.world import Finding


def met(findings: Sequence[Finding]) -> dict[str, int]:
    """Return how often each kind of fault happened; a failpoint counts when somebody died at it."""
    faults: Counter[str] = sum((one.faults for one in findings), Counter())
    deaths: Counter[str] = sum((one.points.deadly for one in findings), Counter())
    counted = {kind: faults[kind] for kind in KINDS}
    counted |= {f"{CRASH_AT}{name}": deaths[point_of(name)] for name in FAILPOINTS}
    return counted | {name: count for name, count in sorted(faults.items()) if name not in KINDS}


def table(findings: Sequence[Finding]) -> str:
    """Return the table that is printed after a run."""
    rows = [f"{count:8}  {name}" for name, count in met(findings).items()]
    seeds, hours = len(findings), sum(one.hours for one in findings)
    events, executions = sum(one.events for one in findings), sum(one.executions for one in findings)
    starts, faults = sum(one.starts for one in findings), sum(one.faults.total() for one in findings)
    head = f"{seeds} seeds, {hours:g} simulated hours, {events} events, {executions} executions, {starts} starts, {faults} faults"
    return "\n".join([head, *rows])
