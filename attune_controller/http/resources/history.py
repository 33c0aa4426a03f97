"""GET /v1/history: what happened to executions, in the order of the commits, for whoever wants to judge that order.

In the table of `routes`.
"""

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_controller.store.records.executions import Step
from attune_core.wire.assignment import QueueName
from attune_core.wire.history import HistoryPage, StepView

#: Steps of one page at most: they are small, and there are three or more of each execution.
LARGEST = 1000


async def list_history(call: Call) -> Response:
    """Return a page, oldest first; its cursor is the last step's number."""
    query = call.query("after", "limit")
    limit = query.number("limit", low=1, high=LARGEST) or LARGEST
    steps = await call.parts.store.history(after=query.number("after", low=0) or 0, limit=limit)
    catalog = call.parts.active.catalog
    actions = {step.queue.action for step in steps if step.queue}
    limits = {ref: catalog.actions[ref].document.concurrency.limit for ref in sorted(actions) if ref in catalog.actions} if catalog else {}
    items = [_view(step) for step in steps]
    return answer(HistoryPage(items=items, next=str(items[-1].n) if len(items) == limit else "", limits=limits))


def _view(step: Step) -> StepView:
    queue = QueueName(place=step.queue.place, action=step.queue.action, key=step.queue.key) if step.queue else None
    return StepView(
        n=step.n,
        number=step.number,
        execution=step.execution,
        event=step.event,
        queue=queue,
        epoch=step.epoch,
        sequence=step.sequence,
        state=step.state,
        attempt=step.attempt,
        outcome=step.outcome,
        late=step.late,
    )
