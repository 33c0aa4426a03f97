"""/v1/explain: why an event fired what it fired, why an execution is where it is, why nothing is placed on an agent.

In the table of `routes`; the documents are those of attune_core.wire.explanations.
"""

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_controller.http.resources.events import find_event
from attune_controller.http.resources.executions import find_execution


async def explain_event(call: Call) -> Response:
    """Explain an event by position or id."""
    call.query()
    return answer(await call.parts.explainer.event(await find_event(call, call.path("event"))))


async def explain_execution(call: Call) -> Response:
    """Explain an execution by number or id."""
    call.query()
    return answer(await call.parts.explainer.execution(await find_execution(call)))


async def explain_agent(call: Call) -> Response:
    """Explain an agent by name."""
    call.query()
    return answer(await call.parts.explainer.agent(call.path("agent")))
