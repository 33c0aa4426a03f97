"""Bugs of the executor: its records and what it hosts."""

from attune_agent.executor.commit import GroupCommit, PendingStart
from attune_agent.executor.course import Course, Step
from tests.simulation.bugs.bug import Bug, replaced

_step = Course.step


def _start_without_a_record(self: GroupCommit, pending: PendingStart) -> None:
    self._ledger._held[pending.held.execution, pending.held.attempt] = pending.held
    pending.done()


def _over_with_its_main_process(self: Course, now: float, *, pipes_held: bool, tree_empty: bool) -> Step:
    return Step.COLLECT if self._main_ended else _step(self, now, pipes_held=pipes_held, tree_empty=tree_empty)


EXECUTOR_BUGS = (
    Bug(
        name="the executor starts without a record",
        breaks=("G5",),
        needs="crash at a6",
        injected=replaced((GroupCommit, "start", _start_without_a_record)),
    ),
    Bug(
        name="an attempt is over with its main process",
        breaks=("G7", "G10"),
        injected=replaced((Course, "step", _over_with_its_main_process)),
    ),
)
