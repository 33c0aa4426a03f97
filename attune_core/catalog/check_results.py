"""Checking the schema of an action's Result, and that a field that it marks `secret: true` can be kept secret.

Called by `check_actions`; `secret_fields` does the masking.
"""

from attune_core.catalog.check_schemas import check_schema
from attune_core.catalog.reading import Read, Reading
from attune_core.catalog.schema_walk import resolve, subschemas
from attune_core.json_schema import SchemaValidator
from attune_core.models.action import ActionDocument, ResultContract
from attune_core.secret_fields import masked_schema
from attune_core.values import JsonObject

_MARK = "secret"
_SCHEMA = ("result", "schema")


def check_result(reading: Reading, action: Read[ActionDocument]) -> SchemaValidator | None:
    """Return the compiled schema; None without one, or with a mistake in it."""
    contract = action.model.result
    if contract is None or contract.value_schema is None:
        return None
    _check_marks(reading, action, contract, contract.value_schema)
    return check_schema(contract.value_schema, action.document, _SCHEMA, reading.findings, marks={_MARK})


def _check_marks(reading: Reading, action: Read[ActionDocument], contract: ResultContract, schema: JsonObject) -> None:
    marked = [(place, one[_MARK]) for place, one in subschemas(schema, _SCHEMA) if _MARK in one]
    for place, mark in marked:
        if not isinstance(mark, bool):
            _say(reading, action, (*place, _MARK), "`secret` is true or false", "write `secret: true`, or remove it")
        elif place[-2] != "properties":
            hint = "write it in the schema of one of `properties`"
            _say(reading, action, (*place, _MARK), "`secret` marks a property of a result, and this is none", hint)
        elif mark and contract.source == "stdout":
            message = "a result on stdout is a log as well, so nothing in it can be kept secret"
            _say(reading, action, (*place, _MARK), message, "take the result `from: file`")
    if marked:
        left = masked_schema(schema)
        for place, one in subschemas(schema, _SCHEMA):
            reference = one.get("$ref")
            if isinstance(reference, str) and resolve(schema, reference) is not None and resolve(left, reference) is None:
                hint = "put the schema that both use under `$defs`"
                _say(reading, action, (*place, "$ref"), "`$ref` leads into a field that is secret", hint)


def _say(reading: Reading, action: Read[ActionDocument], place: tuple[str | int, ...], message: str, hint: str) -> None:
    reading.findings.at("ATT138", message, action.document, place, of="value" if place[-1] == "$ref" else "key", hint=hint)
