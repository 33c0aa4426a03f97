"""/v1/agents and /v1/rules: what there is.

In the table of `routes`. Both lists are ordered by name, and their cursor is the last name of a page.
"""

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_controller.http.views import agent_view, rule_view
from attune_core.wire.api import AgentView, Page, RuleView


async def list_agents(call: Call) -> Response:
    """Return a page of the enrolled agents."""
    after, limit = _page(call)
    agents = [agent for agent in await call.parts.store.agents() if agent.name > after][: limit + 1]
    items = [agent_view(agent, call.parts.fleet.agent(agent.name)) for agent in agents[:limit]]
    return answer(Page[AgentView](items=items, next=items[-1].name if len(agents) > limit else ""))


async def list_rules(call: Call) -> Response:
    """Return a page of the active revision's rules; none before the first revision."""
    after, limit = _page(call)
    catalog = call.parts.active.catalog
    refs = sorted(ref for ref in (catalog.rules if catalog else {}) if ref > after)
    items = [rule_view(catalog.rules[ref]) for ref in refs[:limit]] if catalog else []
    return answer(Page[RuleView](items=items, next=items[-1].ref if len(refs) > limit else ""))


def _page(call: Call) -> tuple[str, int]:
    query = call.query("after", "limit")
    return query.text("after") or "", query.number("limit", low=1, high=200) or 50
