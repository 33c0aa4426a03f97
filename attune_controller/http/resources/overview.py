"""GET /v1/overview: all that a first screen needs in one document, however long the history is.

In the table of `routes`. Rates and series are counted in memory since the start; the rest is what the store keeps counters or indexes of.
"""

from starlette.responses import Response

from attune_controller.http.call import Call, answer
from attune_controller.http.queue_views import summary_view
from attune_controller.http.resources.status import alarms
from attune_controller.http.views import agent_view, execution_view, sync_view
from attune_controller.store.records.agents import Load
from attune_core.ports import rfc3339
from attune_core.states import Outcome
from attune_core.version import VERSION
from attune_core.wire.api import AgentView, ExecutionView
from attune_core.wire.overview import OverviewView
from attune_core.wire.queues import QueueSummary

#: Queues, agents and failures that are shown.
QUEUES, AGENTS, FAILURES = 50, 100, 20
#: What somebody has to look at; that one was cancelled is no news to whoever did it.
_FAILED = (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.LOST, Outcome.REJECTED)


async def show_overview(call: Call) -> Response:
    """Return what the controller is doing: rates, outcomes, the deepest queues, agents, the revision and the newest failures."""
    call.query()
    parts, tally = call.parts, call.parts.tally
    counts, agents = await parts.store.counts(), await _agents(call)
    queues = await _queues(call)
    return answer(
        OverviewView(
            now=rfc3339(parts.clock.now()),
            version=VERSION,
            started_at=rfc3339(parts.started_at),
            events_per_second=round(tally.recent_events.rate(), 3),
            events=tally.recent_events.series(),
            outcomes={outcome.value: series.series() for outcome, series in tally.recent_outcomes.items()},
            unsettled=counts.executions_unsettled,
            running=counts.executions_started,
            events_waiting=counts.events_waiting,
            dead_letters=counts.dead_letters,
            queues=queues,
            more_queues=max(counts.queues - len(queues), 0),
            agents=agents,
            more_agents=max(counts.agents_enrolled - len(agents), 0),
            sync=sync_view(await parts.store.sync(), parts.repository, parts.branch),
            alarms=await alarms(call),
            failures=await _failures(call),
        )
    )


async def _queues(call: Call) -> list[QueueSummary]:
    parts, found = call.parts, []
    for state in await parts.store.deepest_queues(limit=QUEUES):
        name = state.head.agent if state.head else ""
        holds = parts.holding.of(state.queue.action, state.queue.key)
        found.append(summary_view(state, parts.fleet.agent(name), holds, parts.rated_until(name, state.queue)))
    return found


async def _agents(call: Call) -> list[AgentView]:
    parts, loads = call.parts, await call.parts.store.loads()
    nothing = Load(in_hand=0, waiting=0)
    agents = (await parts.store.agents())[:AGENTS]
    return [agent_view(agent, parts.fleet.agent(agent.name), loads.get(agent.name, nothing)) for agent in agents]


async def _failures(call: Call) -> list[ExecutionView]:
    parts = call.parts
    # One outcome has an index in the order of numbers, all together have none.
    found = [one for outcome in _FAILED for one in await parts.store.executions(before=None, limit=FAILURES, state=outcome.value)]
    newest = sorted(found, key=lambda one: one.number, reverse=True)[:FAILURES]
    return [execution_view(one, parts.fleet.agent(one.agent), whole=False) for one in newest]
