"""Checking triggers: each has an object's schema; every action gives one more, its completion, and the controller has some of its own.

Called by `load` before the rules, whose expressions take their types from here.
"""

from collections.abc import Mapping
from functools import cache

from attune_core.catalog.catalog import Action, Trigger
from attune_core.catalog.check_schemas import check_schema
from attune_core.catalog.reading import Read, Reading
from attune_core.catalog.scopes import completion_type
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.types import DYN, Type
from attune_core.internal_events import INTERNAL_EVENTS, validator_of
from attune_core.json_schema import SchemaValidator
from attune_core.models.trigger import TriggerDocument
from attune_core.problems import Span
from attune_core.rules.completions import completion_schema
from attune_core.secret_fields import masked_schema

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


def internal_triggers(reading: Reading) -> dict[str, Trigger]:
    """Return the triggers of what the controller itself tells: every repository has them, and no event from outside can be one."""
    reading.data_types.update(_internal_types())
    nowhere = Span(line=0, column=0, end_line=0, end_column=0)
    return {
        ref: Trigger(ref=ref, path="", span=nowhere, schema=one.schema, validator=validator_of(ref)) for ref, one in INTERNAL_EVENTS.items()
    }


@cache
def _internal_types() -> Mapping[str, Type]:
    return {ref: type_of_schema(one.schema) for ref, one in INTERNAL_EVENTS.items()}
