"""The one table of the public listener's routes: what is not in it does not exist, and each line says who may.

Turned into an application by `app`; a test compares it with what the application really serves.
"""

from attune_controller.http.resources import (
    agents,
    credentials,
    description,
    enrolment,
    events,
    executions,
    explain,
    history,
    hooks,
    queues,
    rules,
    sensors,
    status,
    throttles,
    timers,
)
from attune_controller.http.row import Access, Row
from attune_core.wire.api import Scope

ROUTES: tuple[Row, ...] = (
    Row("POST", "/hooks/{name}", Access.HOOK, hooks.deliver),
    Row("POST", "/events", Scope.EVENTS_SEND, events.send),
    Row("GET", "/ca", Access.PUBLIC, enrolment.show_authority),
    Row("POST", "/v1/enrolments", Access.JOIN, enrolment.enrol, repeatable=True),
    Row("GET", "/v1/openapi.json", Access.PUBLIC, description.show_description),
    Row("GET", "/v1/status", Scope.READ, status.show_status),
    Row("GET", "/v1/events", Scope.READ, events.list_events),
    Row("GET", "/v1/events/{event:path}", Scope.READ, events.show_event),
    Row("GET", "/v1/recorded_events", Scope.READ, events.list_recorded_events),
    Row("GET", "/v1/executions", Scope.READ, executions.list_executions),
    # Not `repeatable`: the key becomes the event's id, which the store keeps through a restart.
    Row("POST", "/v1/executions", Scope.OPERATE, executions.request_run),
    Row("GET", "/v1/executions/{execution}", Scope.READ, executions.show_execution),
    Row("POST", "/v1/executions/{execution}/cancel", Scope.OPERATE, executions.cancel),
    Row("GET", "/v1/executions/{execution}/logs", Scope.READ, executions.read_log),
    Row("POST", "/v1/executions/{execution}/requeue", Scope.OPERATE, executions.requeue),
    Row("GET", "/v1/queues", Scope.READ, queues.list_queues),
    Row("GET", "/v1/queues/pauses", Scope.READ, queues.list_pauses),
    Row("GET", "/v1/queues/{place}/{action}", Scope.READ, queues.show_queue),
    Row("POST", "/v1/queues/pause", Scope.OPERATE, queues.pause),
    Row("POST", "/v1/queues/resume", Scope.OPERATE, queues.resume),
    Row("GET", "/v1/history", Scope.READ, history.list_history),
    Row("GET", "/v1/agents", Scope.READ, agents.list_agents),
    Row("GET", "/v1/agents/{agent}", Scope.READ, agents.show_agent),
    Row("POST", "/v1/agents/{agent}/cordon", Scope.OPERATE, agents.cordon),
    Row("POST", "/v1/agents/{agent}/uncordon", Scope.OPERATE, agents.uncordon),
    Row("POST", "/v1/agents/{agent}/pause", Scope.OPERATE, agents.pause),
    Row("POST", "/v1/agents/{agent}/resume", Scope.OPERATE, agents.resume),
    Row("POST", "/v1/agents/{agent}/drain", Scope.OPERATE, agents.drain),
    Row("POST", "/v1/agents/{agent}/forget", Scope.OPERATE, agents.forget),
    Row("GET", "/v1/sensors", Scope.READ, sensors.list_sensors),
    Row("GET", "/v1/sensors/{sensor}", Scope.READ, sensors.show_sensor),
    Row("GET", "/v1/rules", Scope.READ, rules.list_rules),
    Row("GET", "/v1/throttles", Scope.READ, throttles.list_throttles),
    Row("GET", "/v1/timers", Scope.READ, timers.list_timers),
    Row("GET", "/v1/explain/event/{event:path}", Scope.READ, explain.explain_event),
    Row("GET", "/v1/explain/execution/{execution}", Scope.READ, explain.explain_execution),
    Row("GET", "/v1/explain/agent/{agent}", Scope.READ, explain.explain_agent),
    Row("POST", "/v1/join_tokens", Scope.ADMIN, credentials.create_join_token, repeatable=True),
    Row("GET", "/v1/tokens", Scope.ADMIN, credentials.list_tokens),
    Row("POST", "/v1/tokens", Scope.ADMIN, credentials.create_token, repeatable=True),
    Row("DELETE", "/v1/tokens/{token}", Scope.ADMIN, credentials.remove_token),
)
