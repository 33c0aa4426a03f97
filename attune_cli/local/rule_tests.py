"""Judging many cases of rule tests: in this process, or in several when there is enough to do for their start to pay.

Called by `attune test`; the decisions are those of `attune_core.rule_tests`.
"""

import os
from collections.abc import Callable, Iterator, Sequence

from attune_core.catalog.catalog import Catalog
from attune_core.rule_tests.judging import Verdict, judge
from attune_core.rule_tests.selecting import Selected

#: Rules to be looked at for events; below this, processes cost more than they save.
WORTH_PROCESSES = 40_000
#: Cases that one process takes at a time.
CHUNK = 50

_CASES: list[tuple[Catalog, Sequence[Selected]]] = []  # what forked processes find: a Catalog holds closures, which cannot be sent


def judge_all(catalog: Catalog, selected: Sequence[Selected], *, advance: Callable[[int], None]) -> list[Verdict]:
    """Return the verdict of each case, in order; `advance` is told of each one."""
    found: list[Verdict] = []
    for verdict in _verdicts(catalog, selected):
        found.append(verdict)
        advance(1)
    return found


def _verdicts(catalog: Catalog, selected: Sequence[Selected]) -> Iterator[Verdict]:
    if (processes := processors()) == 1 or _work(catalog, selected) < WORTH_PROCESSES:
        yield from (judge(one.case, catalog) for one in selected)
        return
    import multiprocessing  # only here: importing them takes longer than judging hundreds of cases
    from concurrent.futures import ProcessPoolExecutor

    _CASES[:] = [(catalog, selected)]
    try:
        with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("fork")) as pool:
            yield from pool.map(_judge_one, range(len(selected)), chunksize=CHUNK)
    finally:
        _CASES.clear()


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def _judge_one(index: int) -> Verdict:
    catalog, selected = _CASES[0]
    return judge(selected[index].case, catalog)


def _work(catalog: Catalog, selected: Sequence[Selected]) -> int:
    return sum(len(catalog.rules_by_trigger.get(event.trigger, ())) for one in selected for event in one.case.events)
