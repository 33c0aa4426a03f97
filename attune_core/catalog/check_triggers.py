"""Checking triggers: each has an object's schema; and every action gives one more trigger, its completion, typed by its result.

Called by `load` before the rules, whose expressions take their types from here.
"""

from attune_core.catalog.catalog import Action, Trigger
from attune_core.catalog.check_schemas import check_schema
from attune_core.catalog.reading import Read, Reading
from attune_core.catalog.scopes import completion_type
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.types import DYN
from attune_core.json_schema import SchemaValidator
from attune_core.models.trigger import TriggerDocument
from attune_core.secret_fields import masked_schema
from attune_core.states import Outcome, Reason
from attune_core.values import JsonObject

COMPLETED = "completed"


def check_triggers(reading: Reading) -> dict[str, Trigger]:
    """Check and compile the declared triggers."""
    found = ((ref, _check(reading, trigger)) for ref, trigger in reading.triggers.items())
    return {ref: trigger for ref, trigger in found if trigger is not None}


def _check(reading: Reading, trigger: Read[TriggerDocument]) -> Trigger | None:
    schema = trigger.model.data
    reading.data_types[trigger.ref] = DYN
    if schema.get("type") != "object":
        hint = "write `type: object` and its `properties`"
        reading.findings.at("ATT132", "the data of an event is an object, so `type` must be object", trigger.document, ("data",), hint=hint)
        return None
    validator = check_schema(schema, trigger.document, ("data",), reading.findings)
    if validator is None:
        return None
    reading.data_types[trigger.ref] = type_of_schema(dict(schema))
    return Trigger(
        ref=trigger.ref, path=trigger.document.path, span=trigger.document.span(("data",), of="key"), schema=schema, validator=validator
    )


def completion_trigger(reading: Reading, action: Action) -> Trigger:
    """Return the trigger of an action's completion; the controller makes its events, so they fit by construction."""
    declared = action.document.result.value_schema if action.document.result else None
    schema = None if declared is None else masked_schema(declared)
    ref = f"{action.ref}.{COMPLETED}"
    reading.data_types[ref] = completion_type(action.ref, DYN if schema is None else type_of_schema(schema))
    data = completion_schema(schema)
    return Trigger(ref=ref, path=action.path, span=action.span, schema=data, validator=SchemaValidator(data))


def completion_schema(result: JsonObject | None) -> JsonObject:
    """Return the JSON Schema of a completion's data; `$id` keeps the result's own `#/…` references inside it.

    `if` and not `anyOf`, so that a misfit is said where it is inside the result.
    """
    text: JsonObject = {"type": "string"}
    nullable: JsonObject = {"type": ["string", "null"]}
    properties: JsonObject = {
        "execution": text,
        "number": {"type": "integer"},
        "action": text,
        "rule": text,
        "agent": text,
        "outcome": {"enum": [outcome.value for outcome in Outcome]},
        "reason": {"enum": [*(reason.value for reason in Reason), None]},
        "exit_code": {"type": ["integer", "null"]},
        "result": {} if result is None else {"if": {"type": "null"}, "else": {"$id": "urn:attune:result", **result}},
        "parent_event": nullable,
    }
    return {"type": "object", "properties": properties, "required": list(properties)}
