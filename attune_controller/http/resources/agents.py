"""/v1/agents: the hosts that joined, and what operators say of them: cordon, pause, drain, forget.

In the table of `routes`. The list is ordered by name, and its cursor is the last name of a page. To ask for what is so already changes
nothing, so each of these can be repeated; an agent that was forgotten is not found.
"""

from starlette.responses import Response

from attune_controller.fleet import FleetAgent
from attune_controller.http.call import Call, answer
from attune_controller.http.views import agent_view
from attune_controller.store.errors import AgentUnknown
from attune_controller.store.records.agents import Load
from attune_core.marks import MarkKind
from attune_core.wire.api import AgentView, ForgottenView, MarkRequest, Page, PauseRequest

_NOTHING = Load(in_hand=0, waiting=0)


async def list_agents(call: Call) -> Response:
    """Return a page of the enrolled agents."""
    query = call.query("after", "limit")
    after, limit = query.text("after") or "", query.page_size()
    agents = [agent for agent in await call.parts.store.agents() if agent.name > after][: limit + 1]
    loads = await call.parts.store.loads()
    items = [agent_view(agent, call.parts.fleet.agent(agent.name), loads.get(agent.name, _NOTHING)) for agent in agents[:limit]]
    return answer(Page[AgentView](items=items, next=items[-1].name if len(agents) > limit else ""))


async def show_agent(call: Call) -> Response:
    """Return one agent."""
    call.query()
    return await _view(call, call.parts.marking.find(call.path("agent")))


async def cordon(call: Call) -> Response:
    """Place nothing new on an agent."""
    return await _put(call, MarkKind.CORDONED, (await call.document(MarkRequest)).note)


async def pause(call: Call) -> Response:
    """Let an agent start nothing new."""
    return await _put(call, MarkKind.PAUSED, (await call.document(PauseRequest)).note)


async def drain(call: Call) -> Response:
    """Place nothing new on an agent and hand nothing more to it; what it has, it finishes."""
    return await _put(call, MarkKind.DRAINING, (await call.document(MarkRequest)).note)


async def uncordon(call: Call) -> Response:
    """Let an agent get work again: end its cordon and its drain."""
    return await _view(call, await call.parts.marking.lift(call.path("agent"), MarkKind.CORDONED, MarkKind.DRAINING, by=_operator(call)))


async def resume(call: Call) -> Response:
    """End an agent's pause."""
    return await _view(call, await call.parts.marking.lift(call.path("agent"), MarkKind.PAUSED, by=_operator(call)))


async def forget(call: Call) -> Response:
    """Let there be no such agent any more: what it was handed is lost, the rest is placed again."""
    name, note = call.path("agent"), (await call.document(PauseRequest)).note
    departure = await call.parts.departing.forget(name, note=note, by=_operator(call))
    return answer(ForgottenView(name=name, ended=departure.ended, released=departure.released))


async def _put(call: Call, kind: MarkKind, note: str) -> Response:
    return await _view(call, await call.parts.marking.put(call.path("agent"), kind, note=note, by=_operator(call)))


async def _view(call: Call, known: FleetAgent) -> Response:
    agent = await call.parts.store.agent(known.name)
    if agent is None:
        raise AgentUnknown(f"no agent {known.name} is enrolled")
    return answer(agent_view(agent, known, (await call.parts.store.loads()).get(known.name, _NOTHING)))


def _operator(call: Call) -> str:
    return call.caller.name if call.caller else "operator"
