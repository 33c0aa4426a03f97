"""/v1/queues: what waits, and in what order; pauses and resumes by operators.

In the table of `routes`. The list is ordered by action, key and place; its cursor is a queue's number. To ask for what is so already
changes nothing, so pauses and resumes can be repeated.
"""

from starlette.responses import Response

from attune_controller.errors import ActionUnknown, QueueUnknown
from attune_controller.http.call import Call, answer
from attune_controller.http.errors import DocumentInvalid, QueryInvalid
from attune_controller.http.queue_views import pause_view, queued_view, summary_view
from attune_controller.store.records.executions import QueueKey
from attune_controller.store.records.queues import QueueState
from attune_core.expressions.suggestion import suggestion
from attune_core.values import JsonRefused, canonical_json, parse_json
from attune_core.wire.api import Page
from attune_core.wire.queues import PauseQueue, QueueContent, QueuePause, QueueSummary, ResumeQueue


async def list_queues(call: Call) -> Response:
    """Return a page of the queues with unsettled executions."""
    query = call.query("after", "limit", "agent", "action")
    limit = query.page_size()
    states = await call.parts.store.queue_states(
        after=query.number("after", low=1) or 0, limit=limit, place=query.text("agent"), action=query.text("action")
    )
    items = [_summary(call, state) for state in states]
    return answer(Page[QueueSummary](items=items, next=str(states[-1].id) if len(states) == limit else ""))


async def list_pauses(call: Call) -> Response:
    """Return everything that is paused, also without a queue that waits for it."""
    call.query()
    return answer(Page[QueuePause](items=[pause_view(hold) for hold in call.parts.holding.all()]))


async def show_queue(call: Call) -> Response:
    """Return one queue with a page of its executions; those in a back-off come with the first page."""
    query = call.query("key", "after", "limit")
    after, limit = query.number("after", low=1) or 0, query.page_size()
    queue = QueueKey(place=call.path("place"), action=call.path("action"), key=_key(query.values.get("key", "null"), QueryInvalid))
    store, fleet = call.parts.store, call.parts.fleet
    state = await store.queue_state(queue)
    if state is None:
        raise QueueUnknown(f"nothing waits or runs in a queue of {queue.action[:64]} with the key {queue.key[:64]} at {queue.place[:64]}")
    page = await store.queue_page(queue, after=after, limit=limit)
    returning = [] if after else await store.returning(queue, limit=limit)
    return answer(
        QueueContent(
            queue=_summary(call, state),
            items=[
                queued_view(one, page.before + place, fleet.agent(one.agent), call.parts.rated_until(one.agent, queue))
                for place, one in enumerate(page.executions, 1)
            ],
            returning=tuple(queued_view(one, 0, fleet.agent(one.agent), 0.0) for one in returning),
            next=str(page.executions[-1].sequence) if len(page.executions) == limit else "",
        )
    )


async def pause(call: Call) -> Response:
    """Let nothing new of a queue, or of an action, start."""
    wanted = await call.document(PauseQueue)
    _check_action(call, wanted.action)
    hold = await call.parts.holding.put(wanted.action, _canonical(wanted.key), note=wanted.note, by=_operator(call))
    return answer(pause_view(hold))


async def resume(call: Call) -> Response:
    """End a pause; the answer is what is still paused of the action."""
    wanted = await call.document(ResumeQueue)
    await call.parts.holding.lift(wanted.action, _canonical(wanted.key), by=_operator(call))
    left = [pause_view(hold) for hold in call.parts.holding.all() if hold.action == wanted.action]
    return answer(Page[QueuePause](items=left))


def _summary(call: Call, state: QueueState) -> QueueSummary:
    name = state.head.agent if state.head else ""
    holds = call.parts.holding.of(state.queue.action, state.queue.key)
    return summary_view(state, call.parts.fleet.agent(name), holds, call.parts.rated_until(name, state.queue))


def _check_action(call: Call, action: str) -> None:
    """Refuse to pause what is not there: a slip of the pen would pause nothing, and say that it did."""
    catalog = call.parts.active.catalog
    if catalog is not None and action not in catalog.actions:
        near = suggestion(action, catalog.actions)
        raise ActionUnknown(f"the active revision has no action {action}{f'; {near}' if near else ''}")


def _canonical(key: str | None) -> str | None:
    return None if key is None else _key(key, DocumentInvalid)


def _key(text: str, refusal: type[QueryInvalid | DocumentInvalid]) -> str:
    try:
        return canonical_json(parse_json(text.encode()))
    except JsonRefused as error:
        raise refusal(f"key: {error.message}; a text has quotes") from error


def _operator(call: Call) -> str:
    return call.caller.name if call.caller else "operator"
