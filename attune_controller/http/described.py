"""What each route takes and gives, for the description of the API (OpenAPI); beside the table of `routes`, line by line.

Read by `openapi`; a test compares it with the routes, with the parameters that the endpoints really know, and with real answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from attune_core.wire import api, explanations, ingest
from attune_core.wire.dead_letters import DeadLetterRequest, DroppedView, RetriedView
from attune_core.wire.enrolment import Enrolled, Enrolment
from attune_core.wire.groups import RuleDetail, WaitingGroup
from attune_core.wire.health import HealthView, ReadyView
from attune_core.wire.history import HistoryPage
from attune_core.wire.overview import OverviewView
from attune_core.wire.queues import PauseQueue, QueueContent, QueuePause, QueueSummary, ResumeQueue
from attune_core.wire.sensor_views import SensorView
from attune_core.wire.timers import TimerDetail, TimerView


@dataclass(frozen=True, kw_only=True)
class Described:
    """One route: the document of its request and of its answer (None: not JSON, or nothing), its status, its query parameters.

    `also`: answers of other statuses that are no plain problem.
    """

    takes: type[BaseModel] | None = None
    gives: type[BaseModel] | None = None
    status: int = 200
    query: tuple[str, ...] = ()
    also: Mapping[int, type[BaseModel]] | None = None


_PAGE = ("after", "limit")

DESCRIBED: Mapping[tuple[str, str], Described] = {
    ("POST", "/hooks/{name}"): Described(gives=api.Accepted, status=202, also={200: api.Accepted}),
    ("POST", "/events"): Described(gives=api.Accepted, status=202, also={200: api.Accepted, 422: ingest.ManyRefused}),
    ("GET", "/ca"): Described(),
    ("GET", "/health"): Described(gives=HealthView),
    ("GET", "/ready"): Described(gives=ReadyView, also={503: ReadyView}),
    ("POST", "/v1/enrolments"): Described(takes=Enrolment, gives=Enrolled, status=201),
    ("GET", "/v1/openapi.json"): Described(),
    ("GET", "/v1/status"): Described(gives=api.StatusView),
    ("GET", "/v1/overview"): Described(gives=OverviewView),
    ("GET", "/v1/changes"): Described(query=("kinds", "execution")),
    ("GET", "/v1/events"): Described(
        gives=api.Page[api.EventView],
        query=("after", "before", "limit", "order", "status", "source", "type", "since", "search", "dead_reason"),
    ),
    ("GET", "/v1/events/{event:path}"): Described(gives=api.EventView, query=("data",)),
    ("GET", "/v1/recorded_events"): Described(gives=api.Page[api.EventView], query=(*_PAGE, "since", "trigger")),
    ("POST", "/v1/dead_letters/retry"): Described(takes=DeadLetterRequest, gives=RetriedView),
    ("POST", "/v1/dead_letters/drop"): Described(takes=DeadLetterRequest, gives=DroppedView),
    ("GET", "/v1/executions"): Described(
        gives=api.Page[api.ExecutionView], query=("after", "before", "limit", "order", "state", "action", "agent", "event", "rule")
    ),
    ("POST", "/v1/executions"): Described(takes=api.ManualRun, gives=api.Accepted, status=202, also={200: api.Accepted}),
    ("GET", "/v1/executions/{execution}"): Described(gives=api.ExecutionView),
    ("POST", "/v1/executions/{execution}/cancel"): Described(gives=api.ExecutionView, also={202: api.ExecutionView}),
    ("POST", "/v1/executions/{execution}/rerun"): Described(gives=api.Accepted, status=202, also={200: api.Accepted}),
    ("GET", "/v1/executions/{execution}/logs"): Described(
        gives=api.LogView, query=("stream", "offset", "limit", "attempt", "tail", "since", "ago", "wait")
    ),
    ("POST", "/v1/executions/{execution}/requeue"): Described(gives=api.ExecutionView, also={202: api.ExecutionView}),
    ("GET", "/v1/queues"): Described(gives=api.Page[QueueSummary], query=(*_PAGE, "agent", "action")),
    ("GET", "/v1/queues/pauses"): Described(gives=api.Page[QueuePause]),
    ("GET", "/v1/queues/{place}/{action}"): Described(gives=QueueContent, query=("key", *_PAGE)),
    ("POST", "/v1/queues/pause"): Described(takes=PauseQueue, gives=QueuePause),
    ("POST", "/v1/queues/resume"): Described(takes=ResumeQueue, gives=api.Page[QueuePause]),
    ("GET", "/v1/history"): Described(gives=HistoryPage, query=_PAGE),
    ("GET", "/v1/agents"): Described(gives=api.Page[api.AgentView], query=_PAGE),
    ("GET", "/v1/agents/{agent}"): Described(gives=api.AgentView),
    ("POST", "/v1/agents/{agent}/cordon"): Described(takes=api.MarkRequest, gives=api.AgentView),
    ("POST", "/v1/agents/{agent}/uncordon"): Described(gives=api.AgentView),
    ("POST", "/v1/agents/{agent}/pause"): Described(takes=api.PauseRequest, gives=api.AgentView),
    ("POST", "/v1/agents/{agent}/resume"): Described(gives=api.AgentView),
    ("POST", "/v1/agents/{agent}/drain"): Described(takes=api.MarkRequest, gives=api.AgentView),
    ("POST", "/v1/agents/{agent}/forget"): Described(takes=api.PauseRequest, gives=api.ForgottenView),
    ("GET", "/v1/rules"): Described(gives=api.Page[api.RuleView], query=_PAGE),
    ("GET", "/v1/rules/{rule}"): Described(gives=RuleDetail),
    ("GET", "/v1/throttles"): Described(gives=api.Page[WaitingGroup], query=(*_PAGE, "rule")),
    ("GET", "/v1/timers"): Described(gives=api.Page[TimerView], query=_PAGE),
    ("GET", "/v1/timers/{timer}"): Described(gives=TimerDetail),
    ("GET", "/v1/sensors"): Described(gives=api.Page[SensorView], query=_PAGE),
    ("GET", "/v1/sensors/{sensor}"): Described(gives=SensorView),
    ("GET", "/v1/sensors/{sensor}/logs"): Described(
        gives=api.LogView, query=("agent", "stream", "offset", "limit", "attempt", "tail", "since", "ago", "wait")
    ),
    ("GET", "/v1/explain/event/{event:path}"): Described(gives=explanations.EventExplanation),
    ("GET", "/v1/explain/execution/{execution}"): Described(gives=explanations.ExecutionExplanation),
    ("GET", "/v1/explain/agent/{agent}"): Described(gives=explanations.AgentExplanation),
    ("POST", "/v1/join_tokens"): Described(takes=api.JoinTokenRequest, gives=api.JoinTokenView, status=201),
    ("GET", "/v1/tokens"): Described(gives=api.Page[api.TokenView], query=_PAGE),
    ("POST", "/v1/tokens"): Described(takes=api.TokenRequest, gives=api.TokenView, status=201),
    ("DELETE", "/v1/tokens/{token}"): Described(status=204),
}
