"""Removal: what a new revision does to waiting work whose action it no longer has: not started yet, it ends as cancelled(removed).

Called by dispatch when a revision goes live and once at start (a crash may have come between the two). Removing a rule leaves its planned
executions alone (design §5, "What a new revision does").
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from attune_controller.store.errors import NotCancellable
from attune_controller.store.ports.executions import Executions
from attune_controller.store.records.executions import Execution
from attune_core.states import Reason, State

#: Executions that have not started; a page of them.
NOT_STARTED = (State.ACCEPTED, State.QUEUED, State.ASSIGNED, State.PREPARING)
PAGE = 500


class Cancels(Protocol):
    """What it asks of cancellation."""

    async def cancel(self, execution: Execution, reason: Reason, detail: str = "") -> Execution:
        """End one."""
        ...


async def cancel_removed(store: Executions, cancels: Cancels, revision: str, actions: Iterable[str], removed: Sequence[str] | None) -> int:
    """End what waits for an action that is not among `actions`, and return how many.

    `removed` names the actions that just went away; None looks at everything that waits.
    """
    kept, count = frozenset(actions), 0
    for action in removed if removed is not None else [None]:
        for state in NOT_STARTED:
            before: int | None = None
            while page := await store.executions(before=before, limit=PAGE, state=state, action=action):
                before = page[-1].number
                for execution in page:
                    if execution.new.action not in kept and not execution.cancelling:
                        count += await _cancel(cancels, execution, revision)
    return count


async def _cancel(cancels: Cancels, execution: Execution, revision: str) -> bool:
    try:
        await cancels.cancel(execution, Reason.REMOVED, f"revision {revision[:12]} has no action {execution.new.action}")
    except NotCancellable:
        return False  # it ended between the page and the request
    return True
