"""The description of the API (OpenAPI 3.1), made from the table of routes and the models of their documents.

Served by http.resources.description, and written to docs/openapi.json by `make generate`; `described` says what a route takes and gives.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from attune_controller.http.described import Described
from attune_controller.http.row import Access, Row
from attune_core.values import JsonObject, JsonValue
from attune_core.version import VERSION
from attune_core.wire.api import Failure, Scope
from attune_core.wire.cloudevents_http import BATCH, LINES, STRUCTURED
from attune_core.wire.ingest import ManyAccepted, ManyRefused

_REFERENCE = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")
_TIME: JsonObject = {"type": "string", "format": "date-time"}
_WHOLE: JsonObject = {"type": "integer"}
_TEXT: JsonObject = {"type": "string"}
#: Query parameters that are no texts.
_QUERY: Mapping[str, JsonObject] = {
    "limit": {"type": "integer", "minimum": 1},
    "before": {"type": "integer", "minimum": 1},
    "order": {"type": "string", "enum": ["newest", "oldest"]},
    "since": _TIME,
    "data": {"type": "boolean"},
    **dict.fromkeys(("event", "offset", "attempt", "tail", "ago", "wait"), _WHOLE),
}
#: One CloudEvent in JSON, as /events reads it.
_EVENT: JsonObject = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 256},
        "source": {"type": "string", "minLength": 1, "maxLength": 512},
        "type": {"type": "string", "description": "A trigger, such as web.alert"},
        "subject": {"type": "string", "minLength": 1, "maxLength": 512},
        "time": _TIME,
        "datacontenttype": {"type": "string", "description": "application/json, or none"},
        "traceparent": {"type": "string", "minLength": 1, "maxLength": 64},
        "data": {"description": "Any JSON that fits the trigger's schema"},
        "data_base64": {"type": "string", "contentEncoding": "base64", "description": "The JSON text, instead of data"},
    },
}
_EVENT_BODIES: JsonObject = {
    STRUCTURED: {"schema": {"$ref": "#/components/schemas/CloudEvent"}},
    BATCH: {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/CloudEvent"}}},
    LINES: {"schema": {"type": "string", "description": "One CloudEvent a line"}},
    "application/json": {"schema": {"description": "The data alone; the attributes are the headers ce-specversion, ce-id, ce-source, …"}},
}
_WHO: Mapping[Access | Scope, str] = {
    Access.PUBLIC: "Nothing is asked for.",
    Access.HOOK: "The request proves itself as the webhook's document says.",
    Access.JOIN: "The join token is in the body.",
}


def description(rows: Iterable[Row], described: Mapping[tuple[str, str], Described]) -> JsonObject:
    """Return the whole document; of a route that nobody has described yet, only that it is there."""
    each = [(row, described.get((row.method, row.path), Described())) for row in rows]
    names, schemas = _schemas([one for _, one in each])
    paths: dict[str, JsonObject] = {}
    for row, one in each:
        paths.setdefault(_PARAMETER.sub(r"{\1}", row.path), {})[row.method.lower()] = _operation(row, one, names)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Attune", "version": VERSION, "description": "Events in, executions out. Errors are RFC 9457 problem details."},
        "paths": {**paths},
        "components": {
            "schemas": {**schemas, "CloudEvent": _EVENT},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "An API token; scopes are its rights."}},
        },
    }


_Key = tuple[type[BaseModel], JsonSchemaMode]


def _schemas(all_of_them: Sequence[Described]) -> tuple[Mapping[_Key, JsonObject], JsonObject]:
    """Return a reference to each model as it is read or written, and the schemas that are referred to."""
    answers: list[type[BaseModel]] = [ManyAccepted, ManyRefused, Failure]
    for one in all_of_them:
        answers += [model for model in (one.gives, *(one.also or {}).values()) if model is not None]
    models: dict[_Key, None] = {(one.takes, "validation"): None for one in all_of_them if one.takes is not None}
    models |= {(model, "serialization"): None for model in answers}
    references, found = models_json_schema([*models], ref_template=_REFERENCE)
    return cast("Mapping[_Key, JsonObject]", references), cast("JsonObject", found["$defs"])


def _operation(row: Row, one: Described, names: Mapping[_Key, JsonObject]) -> JsonObject:
    summary, _, more = (row.endpoint.__doc__ or "").strip().partition("\n")
    parameters: list[JsonValue] = [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in _PARAMETER.findall(row.path)]
    parameters += [{"name": name, "in": "query", "schema": _QUERY.get(name, _TEXT)} for name in one.query]
    if row.repeatable or row.path in ("/v1/executions", "/v1/executions/{execution}/rerun"):
        parameters += [{"name": "Idempotency-Key", "in": "header", "schema": _TEXT}] if row.method == "POST" else []
    scoped = isinstance(row.requires, Scope)
    who = f"Needs the scope {row.requires.value}." if scoped else _WHO[row.requires]
    operation: JsonObject = {
        "operationId": f"{row.endpoint.__module__.rpartition('.')[2]}.{row.endpoint.__name__}",
        "summary": summary.rstrip("."),
        "description": "\n\n".join(part for part in (" ".join(more.split()), who) if part),
        "security": [{"token": [row.requires.value]}] if scoped else [],
        "responses": _responses(row, one, names),
    }
    if parameters:
        operation["parameters"] = parameters
    if body := _body(row, one, names):
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _responses(row: Row, one: Described, names: Mapping[_Key, JsonObject]) -> JsonObject:
    answers = {one.status: one.gives, **(one.also or {})}
    found: JsonObject = {}
    for status, model in sorted(answers.items()):
        kind = "application/problem+json" if status >= 400 and row.path != "/ready" else "application/json"
        schema = names[model, "serialization"] if model is not None else {}
        if row.path == "/events" and status == 202:
            schema = {"anyOf": [schema, names[ManyAccepted, "serialization"]]}
        found[str(status)] = {"description": _said(status), **({"content": {kind: {"schema": schema}}} if model is not None else {})}
    failure: JsonObject = {"application/problem+json": {"schema": names[Failure, "serialization"]}}
    return {**found, "default": {"description": "Refused; `code` and `remedy` say why and what to do", "content": failure}}


def _said(status: int) -> str:
    return {
        200: "Done",
        201: "Made",
        202: "Durable from now on",
        204: "Done",
        422: "Some events were refused, the others are stored",
        503: "Not now, and why",
    }[status]


def _body(row: Row, one: Described, names: Mapping[_Key, JsonObject]) -> JsonObject:
    if row.path == "/events":
        return _EVENT_BODIES
    if row.requires is Access.HOOK:
        return {"*/*": {"schema": {"description": "As the sender signs it"}}}
    return {"application/json": {"schema": names[one.takes, "validation"]}} if one.takes is not None else {}
