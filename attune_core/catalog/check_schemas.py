"""Checking the JSON Schemas that documents hold: known keywords, references that stay inside, patterns of linear time, a bounded size.

Called by the checks of triggers and actions; what passes here compiles and validates any value quickly.
"""

from collections.abc import Set as AbstractSet

from attune_core.catalog.findings import Findings
from attune_core.catalog.key_hints import key_hint
from attune_core.catalog.nodes import Document
from attune_core.catalog.schema_walk import KEYWORDS, Place, is_too_large, resolve, subschemas
from attune_core.expressions.suggestion import suggestion
from attune_core.json_schema import SchemaRefused, SchemaValidator
from attune_core.models.base import DIALECT
from attune_core.problems import Severity
from attune_core.values import JsonValue

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
#: Keywords of other drafts and dialects -> what 2020-12 says instead.
_ELSEWHERE = {
    "definitions": "2020-12 calls it `$defs`",
    "dependencies": "2020-12 has `dependentRequired` and `dependentSchemas`",
    "additionalItems": "2020-12 has `prefixItems` and `items`",
    "nullable": "write `type: [string, 'null']`",
    "id": "remove it; references stay inside the document",
    "$id": "remove it; references stay inside the document",
    "$anchor": "refer to it as '#/$defs/NAME'",
    "$dynamicRef": "use `$ref` with '#/$defs/NAME'",
    "$dynamicAnchor": "refer to it as '#/$defs/NAME'",
    "$vocabulary": "remove it",
}


def check_schema(
    schema: dict[str, JsonValue], document: Document, place: Place, findings: Findings, *, marks: AbstractSet[str] = frozenset()
) -> SchemaValidator | None:
    """Compile a schema that stands at a place of a document, or say why not; `marks` are keywords of ours that it may have."""
    before = findings.count()
    for at, one in subschemas(schema, place):
        _check_keywords(at, {keyword: value for keyword, value in one.items() if keyword not in marks}, document, findings)
        _check_reference(at, one, schema, document, findings)
    if findings.count() != before:
        return None
    try:
        validator = SchemaValidator(schema)
    except SchemaRefused as refused:
        findings.at("ATT130", f"not a JSON Schema: {refused.message}", document, (*place, *refused.place), hint=_hint(schema, refused))
        return None
    if is_too_large(schema):
        findings.at("ATT134", "following every `$ref` makes the schema too large", document, place, of="key", hint="nest fewer references")
        return None
    for at, one in subschemas(schema, place):
        _warn_about_required(at, one, document, findings)
    return validator


def _check_keywords(place: Place, schema: dict[str, JsonValue], document: Document, findings: Findings) -> None:
    for keyword, value in schema.items():
        if keyword not in KEYWORDS and findings.room(document.path):
            hint = _ELSEWHERE.get(keyword) or key_hint(keyword, KEYWORDS)
            message = f"`{keyword}` is not a keyword of JSON Schema 2020-12 that Attune takes"
            findings.at("ATT131", message, document, (*place, keyword), of="key", hint=hint)
        elif keyword == "$schema" and value != DIALECT:
            findings.at("ATT131", "only JSON Schema 2020-12 is taken", document, (*place, keyword), hint=f"remove it, or write {DIALECT}")


def _check_reference(place: Place, one: dict[str, JsonValue], root: dict[str, JsonValue], document: Document, findings: Findings) -> None:
    target = one.get("$ref")
    if target is None:
        return
    if not isinstance(target, str) or not target.startswith("#") or target[1:2] not in ("", "/"):
        hint = "put the schema under `$defs` and refer to it as '#/$defs/NAME'"
        findings.at("ATT133", "`$ref` leaves the document", document, (*place, "$ref"), hint=hint)
    elif resolve(root, target) is None and findings.room(document.path):
        definitions = root.get("$defs")
        known = [f"#/$defs/{name}" for name in definitions] if isinstance(definitions, dict) else []
        findings.at("ATT133", f"`$ref` leads nowhere: there is no {target}", document, (*place, "$ref"), hint=suggestion(target, known))


def _warn_about_required(place: Place, schema: dict[str, JsonValue], document: Document, findings: Findings) -> None:
    """A required name that is not declared beside it is nearly always a slip, but can be meant."""
    declared, required = schema.get("properties"), schema.get("required")
    if not isinstance(declared, dict) or not isinstance(required, list):
        return
    for index, name in enumerate(required):
        if isinstance(name, str) and name not in declared and findings.room(document.path, Severity.WARNING):
            message = f"`{name}` is required and not among the properties"
            hint = suggestion(name, declared)
            findings.at("ATT135", message, document, (*place, "required", index), hint=hint, severity=Severity.WARNING)


def _hint(schema: dict[str, JsonValue], refused: SchemaRefused) -> str | None:
    if 'is not a "regex"' in refused.message:
        return "the pattern must be valid for a linear-time engine: no back-references, no look-around, no huge repetitions"
    if "Unknown format" in refused.message:
        return "remove it, or use a format of the standard, such as date-time, email, uri, uuid or ipv4"
    value: JsonValue = schema
    for step in refused.place:
        value = value.get(str(step)) if isinstance(value, dict) else value[int(step)] if isinstance(value, list) else None
    return suggestion(value, _TYPES) if refused.place[-1:] == ("type",) and isinstance(value, str) else None
