"""The variables that expressions may name in each place of a document, with their types.

Called by the checks of rules, actions and webhooks; at run time the planner, the agent and the hooks give exactly these, but for secrets:
the checker knows them everywhere, so that it can say that they are secrets, and lets them through only alone into secret parameters.
"""

from collections.abc import Mapping

from attune_core.expressions.check import Scope
from attune_core.expressions.inference.tested import NOTHING_IMPLIED, Implied
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.types import INT, SECRET, STRING, Field, List, Map, Object, String, Type, union
from attune_core.expressions.types import NULL as NULL_TYPE
from attune_core.models.parameter import Parameter
from attune_core.states import Outcome, Reason

#: The name under which an action's input and a condition see the events of a group.
EVENTS = "events"
#: What to do where a name is known elsewhere.
_ELSEWHERE = {EVENTS: "`events` are there in `when` and `input` of a rule whose throttle has debounce or accumulate"}


def event_scope(data: Type, implied: Implied | None = NOTHING_IMPLIED, *, events: bool = False) -> Scope:
    """Return what a rule's condition, input and labels see; `implied` is what the condition says of it, `events`: of a group as well."""
    event = _event(data)
    several: dict[str, Type] = {EVENTS: List(event)} if events else {}
    return Scope({"event": event, **several, "secrets": Map(SECRET)}, implied, elsewhere=_ELSEWHERE)


def parameter_types(parameters: Mapping[str, Parameter]) -> dict[str, Type]:
    """Return the type that each parameter of an action takes."""
    return {name: SECRET if one.secret else type_of_schema(dict(one.value_schema)) for name, one in parameters.items()}


def parameters_scope(parameters: Mapping[str, Parameter], types: Mapping[str, Type]) -> Scope:
    """Return what an action's concurrency key and `env` see; `types` are those of `parameter_types`."""
    fields = {name: Field(types[name], required=one.required or one.has_default) for name, one in parameters.items()}
    return Scope({"parameters": Object(fields, title="parameters"), "secrets": Map(SECRET)})


def webhook_scope(body: Type) -> Scope:
    """Return what a webhook's expressions see: the request's headers by lower-case name, and its body."""
    return Scope({"headers": Map(STRING), "body": body})


def completion_type(action: str, result: Type) -> Type:
    """Return the type of the data of `pack.action.completed`, whose `result` is null unless the action gave one."""
    nullable_text = union((STRING, NULL_TYPE))
    fields: dict[str, Type] = {
        "execution": STRING,
        "number": INT,
        "action": String((action,)),
        "rule": STRING,
        "agent": STRING,
        "outcome": String(tuple(outcome.value for outcome in Outcome)),
        "reason": union((String(tuple(reason.value for reason in Reason)), NULL_TYPE)),
        "exit_code": union((INT, NULL_TYPE)),
        "result": union((result, NULL_TYPE)),
        "parent_event": nullable_text,
        "labels": Map(STRING),
    }
    return Object({name: Field(one, required=True) for name, one in fields.items()}, title="completion")


def _event(data: Type) -> Type:
    fields = dict.fromkeys(("id", "source", "type", "subject"), Field(STRING, required=True))
    time = Field(String(format="date-time"), required=True)
    return Object({**fields, "time": time, "data": Field(data, required=True)}, title="event")
