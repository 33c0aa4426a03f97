"""/v1/executions: list and show, ask for a run, cancel, and read logs.

In the table of `routes`.
"""

import re

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_controller.http.errors import DocumentInvalid, IdempotencyKeyReused
from attune_controller.http.reruns import rerun_of, reruns
from attune_controller.http.resources.logs import PARAMETERS, log_question, log_view, no_log
from attune_controller.http.views import execution_view
from attune_controller.internal_events import RERUNS
from attune_controller.store.errors import ExecutionUnknown
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.executions import Execution
from attune_core.ids import uuid7
from attune_core.rules.filling import InputInvalid
from attune_core.rules.requests import REQUESTED, RequestRefused
from attune_core.states import Outcome, Reason, State
from attune_core.wire.api import Accepted, ExecutionView, ManualRun, Page

#: The source of events that ask for a run through this API.
SOURCE = "attune:api"
#: Executions looked at for a page of those of one rule.
LOOK = 500

_NAME = re.compile(r"[0-9]{1,18}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_STATES = [*(state.value for state in State), *(outcome.value for outcome in Outcome)]


async def list_executions(call: Call) -> Response:
    """Return a page, newest first or with `order` oldest, without inputs and results.

    A page narrowed to a `rule` may be short or empty and have a next one: it looks at so many executions of the rule's action.
    """
    query = call.query("after", "before", "limit", "order", "state", "action", "agent", "event", "rule")
    before, after, limit = query.page()
    rule, action = query.text("rule"), query.text("action")
    looked_at = limit
    if rule is not None:
        catalog = call.parts.active.catalog
        known = catalog.rules.get(rule) if catalog else None
        action, looked_at = action or (known.action if known else None), LOOK
    found = await call.parts.store.executions(
        before=before,
        after=after,
        limit=looked_at,
        state=query.text("state", among=_STATES),
        action=action,
        agent=query.text("agent"),
        event=query.number("event", low=1),
    )
    fitting = [execution for execution in found if rule is None or execution.new.rule == rule][:limit]
    last = fitting[-1] if len(fitting) == limit else found[-1] if len(found) == looked_at else None
    items = [_view(call, execution, whole=False) for execution in fitting]
    return answer(Page[ExecutionView](items=items, next=str(last.number) if last else ""))


async def show_execution(call: Call) -> Response:
    """Return one execution by id or number."""
    call.query()
    execution = await find_execution(call)
    view = _view(call, execution, whole=True)
    return answer(view.model_copy(update={"rerun_of": await rerun_of(call, execution), "reruns": await reruns(call, execution)}))


async def request_run(call: Call) -> Response:
    """Accept a request to run one action; it is an event like any other, and its Idempotency-Key is the event's id."""
    return await _request(call, await call.document(ManualRun), SOURCE)


async def _request(call: Call, run: ManualRun, source: str) -> Response:
    now = call.parts.clock.now()
    event = NewEvent(
        source=source,
        id=call.idempotency_key() or uuid7(call.parts.clock, call.parts.random),
        type=REQUESTED,
        subject=run.action,
        time=now,
        received_at=now,
        data=run.model_dump(mode="json"),
        traceparent=call.traceparent,
    )
    acceptance = await call.parts.intake.accept(event)
    if acceptance.differs:
        raise IdempotencyKeyReused
    document = Accepted(id=event.id, source=source, position=acceptance.position, duplicate=acceptance.duplicate)
    return answer(document, 200 if acceptance.duplicate else 202)


async def cancel(call: Call) -> Response:
    """End an execution, or ask its agent to; 202 while it is `cancelling`."""
    execution = await find_execution(call)
    who = call.caller.name if call.caller else "operator"
    after = await call.parts.cancels.cancel(execution, Reason.OPERATOR, f"cancelled by {who}")
    return _whole(call, after, 200 if after.state is State.SETTLED else 202)


async def requeue(call: Call) -> Response:
    """Give an execution another place, at the tail of its queue; 202 while its agent is asked to give it back."""
    after = await call.parts.requeueing.requeue(await find_execution(call))
    return _whole(call, after, 202 if after.requeuing else 200)


async def rerun(call: Call) -> Response:
    """Ask for an execution once more: the same action, input, names of secrets and labels of agents, under what is active now.

    It is an event like that of any request for a run, and its Idempotency-Key is the event's id.
    """
    execution = await find_execution(call)
    if await call.body() and await call.json() != {}:
        raise DocumentInvalid("a rerun has the input that was; for another one, ask for a run: POST /v1/executions")
    new = execution.new
    run = ManualRun(action=new.action, input=dict(new.input), secrets=dict(new.secrets), match=dict(new.match))
    try:
        return await _request(call, run, f"{RERUNS}{new.id}")
    except (RequestRefused, InputInvalid) as refused:
        hint = (
            f"it ran under {new.revision[:12]}; under what is active now, give what fits: attune action run {new.action} --input NAME=VALUE"
        )
        catalog = call.parts.active.catalog
        raise type(refused)(refused.message, hint=hint if catalog and new.action in catalog.actions else refused.hint) from refused


async def read_log(call: Call) -> Response:
    """Return a window of a log, asked of the agent that has it; `attempt` 0 is the newest, a negative offset counts from the end.

    `tail` (lines), `since` (RFC 3339) and `ago` (seconds) move its beginning; with `wait` the answer may take so many seconds to come.
    """
    question = log_question(call.query(*PARAMETERS), stream="stdout")
    execution = await find_execution(call)
    settled = execution.state is State.SETTLED
    if not execution.agent or not execution.handed:
        # No agent has seen it: there is no log, and none to come if it is settled.
        return answer(no_log(ended=settled))
    # The newest attempt may have written nothing, and an agent that has settled it knows only of what was written.
    newest = execution.attempt if settled and question.stream != "build" else 0
    asked = {"execution": execution.new.id, "attempt": question.attempt or newest}
    window = await call.parts.logs.read(execution.agent, question.model_copy(update=asked))
    return answer(no_log(ended=settled) if window.missing else log_view(window))


async def find_execution(call: Call) -> Execution:
    """Return the one that the path names; `ExecutionUnknown`."""
    return await execution_named(call, call.path("execution"))


async def execution_named(call: Call, name: str) -> Execution:
    """Return the one of an id or number; `ExecutionUnknown`."""
    execution = await call.parts.store.execution(name) if _NAME.fullmatch(name) else None
    if execution is None:
        raise ExecutionUnknown(f"there is no execution {name[:64]!r}")
    return execution


def _whole(call: Call, execution: Execution, status: int = 200) -> Response:
    return answer(_view(call, execution, whole=True), status)


def _view(call: Call, execution: Execution, *, whole: bool) -> ExecutionView:
    agent, until = call.parts.fleet.agent(execution.agent), call.parts.rated_until(execution.agent, execution.queue)
    return execution_view(execution, agent, whole=whole, rated_until=until)
