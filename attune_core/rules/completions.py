"""Completions: the events that settled executions become, the schema of their data, and the triggers whose rules hear them; pure.

Asked by the catalog and by `candidates`; rule tests take from here what a case does not say of a completion. A completion is heard by
the rules on its own trigger, `pack.action.completed`, by those on `core.execution_finished`, and, if that is why the execution ended, by
those on `core.secret_missing`: one event, stored once, so that rules on everything cost nothing where there are none (decision 0038).
"""

from attune_core.states import Outcome, Reason
from attune_core.values import JsonObject, JsonValue

_ENDING = ".completed"
#: What a completion is heard as besides its own trigger.
FINISHED, SECRET_MISSING = "core.execution_finished", "core.secret_missing"


def is_completion(trigger: str) -> bool:
    """Tell whether a trigger is an action's completion."""
    return trigger.endswith(_ENDING) and trigger.count(".") == 2


def heard_as(event_type: str, data: JsonValue) -> tuple[str, ...]:
    """Return the triggers whose rules are asked about an event."""
    if not is_completion(event_type):
        return (event_type,)
    if isinstance(data, dict) and data.get("reason") == Reason.SECRET_MISSING.value:
        return (event_type, FINISHED, SECRET_MISSING)
    return (event_type, FINISHED)


def completion_schema(result: JsonObject | None) -> JsonObject:
    """Return the JSON Schema of a completion's data; `$id` keeps the result's own `#/…` references inside it.

    `if` and not `anyOf`, so that a misfit is said where it is inside the result.
    """
    whole: JsonObject = {} if result is None else {"if": {"type": "null"}, "else": {"$id": "urn:attune:result", **result}}
    properties: JsonObject = {
        "execution": _text("The execution's id."),
        "number": {"type": "integer", "description": "The execution's number."},
        "action": _text("The action's reference."),
        "rule": _text("The rule that asked for it; empty: a person did."),
        "agent": _text("Where it ran; empty: nowhere."),
        "outcome": {"enum": [outcome.value for outcome in Outcome], "description": "How it ended."},
        "reason": {"enum": [*(reason.value for reason in Reason), None], "description": "Why it ended so; null: it succeeded."},
        "exit_code": {"type": ["integer", "null"], "description": "The program's exit code, if it came to that."},
        "result": {**whole, "description": "The action's result; null: none."},
        "parent_event": {"type": ["string", "null"], "description": "The position of the event that caused it."},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}, "description": "The labels that its agent had to have."},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _text(description: str) -> JsonObject:
    return {"type": "string", "description": description}


def whole_data(trigger: str, given: JsonObject) -> JsonObject:
    """Return the data of an event of a rule test: of a completion those of a success without a result, and over them what is given."""
    if not (is_completion(trigger) or trigger in (FINISHED, SECRET_MISSING)):
        return given
    reason = Reason.SECRET_MISSING.value if trigger == SECRET_MISSING else None
    outcome = given.get("outcome", Outcome.REJECTED.value if reason else Outcome.SUCCEEDED.value)
    return {
        "execution": "01980000-0000-7000-8000-000000000001",
        "number": 1,
        "action": trigger.removesuffix(_ENDING) if is_completion(trigger) else "pack.action",
        "rule": "",
        "agent": "agent_1",
        "outcome": outcome,
        "reason": reason,
        "exit_code": 0 if outcome == Outcome.SUCCEEDED.value else None,
        "result": None,
        "parent_event": None,
        "labels": {},
        **given,
    }
