"""The description of the API: it has every route and nothing else, and what the API really answers is what it says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from attune_controller.http.described import DESCRIBED
from attune_controller.http.openapi import description
from attune_controller.http.routes import ROUTES
from attune_controller.http.row import Row
from attune_core.json_schema import SchemaValidator
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.api import Failure, Scope
from attune_core.wire.cloudevents_http import LINES, STRUCTURED
from tests.controller.http.executions import plan
from tests.controller.http.house import House

WHOLE = description(ROUTES, DESCRIBED)
EVENT: JsonObject = {"specversion": "1.0", "id": "1", "source": "/m", "type": "web.alert", "data": {"unit": "a"}}
ROUTES_WITH_QUERY = [row for row in ROUTES if row.method == "GET"]


def operation_of(row: Row) -> JsonObject:
    paths = WHOLE["paths"]
    assert isinstance(paths, dict)
    path = paths[row.path.replace(":path", "")]
    assert isinstance(path, dict)
    found = path[row.method.lower()]
    assert isinstance(found, dict)
    return found


def references(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(found := value.get("$ref"), str):
            yield found
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def check(row: Row, answer: httpx2.Response) -> None:
    """Compare a real answer with what is said of its status."""
    responses = operation_of(row)["responses"]
    assert isinstance(responses, dict)
    said = responses.get(f"{answer.status_code}", responses["default"])
    assert isinstance(said, dict)
    content = said.get("content")
    if content is None:
        return
    assert isinstance(content, dict)
    media = content[answer.headers["content-type"].partition(";")[0]]
    assert isinstance(media, dict)
    schema = media["schema"]
    assert isinstance(schema, dict)
    validator = SchemaValidator({**schema, "components": WHOLE["components"]})
    assert validator.misfits(answer.json()) == (), (row.path, answer.text)


def row_of(method: str, path: str) -> Row:
    return next(row for row in ROUTES if (row.method, row.path) == (method, path))


def test_every_route_is_described_and_nothing_else() -> None:
    assert DESCRIBED.keys() == {(row.method, row.path) for row in ROUTES}
    names = [operation_of(row)["operationId"] for row in ROUTES]
    assert len(set(map(str, names))) == len(names)
    for row in ROUTES:
        operation = operation_of(row)
        assert operation["summary"]
        wanted: list[JsonValue] = [{"token": [row.requires.value]}] if isinstance(row.requires, Scope) else []
        assert operation["security"] == wanted


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    components = WHOLE["components"]
    assert isinstance(components, dict)
    schemas = components["schemas"]
    assert isinstance(schemas, dict)
    assert {one.removeprefix("#/components/schemas/") for one in references(WHOLE)} <= schemas.keys()
    for schema in schemas.values():
        assert isinstance(schema, dict)
        SchemaValidator({**schema, "components": components})


def test_the_page_in_the_docs_is_what_is_served() -> None:
    page = Path(__file__).resolve().parents[3] / "docs/openapi.json"
    assert json.loads(page.read_text(encoding="utf-8")) == WHOLE


@pytest.mark.parametrize("row", ROUTES_WITH_QUERY, ids=lambda row: row.path)
async def test_the_query_parameters_are_those_that_the_endpoint_knows(house: House, row: Row) -> None:
    path = re.sub(r"\{\w+(:path)?\}", "1", row.path)
    async with house.client("admin") as client:
        answer = await client.get(f"{path}?no-such-parameter=1")
    if answer.status_code != 400:
        pytest.fail(f"{row.path} ignores a parameter that it does not know")
    known = Failure.model_validate_json(answer.content).detail.rpartition("there are: ")[2]
    assert set(known.split(", ")) == set(DESCRIBED[row.method, row.path].query or ["none"])


@pytest.mark.parametrize("row", ROUTES_WITH_QUERY, ids=lambda row: row.path)
async def test_what_is_read_is_as_described(house: House, row: Row) -> None:
    for name in ("1", "2"):
        await plan(house.store, name, agents=("web1",))
    house.changes.close()  # a stream would not end
    async with house.client("admin") as client:
        for part in ("1", "no such"):
            check(row, await client.get(re.sub(r"\{\w+(:path)?\}", part, row.path)))


async def test_what_is_sent_is_answered_as_described(house: House) -> None:
    events, runs, tokens = row_of("POST", "/events"), row_of("POST", "/v1/executions"), row_of("POST", "/v1/tokens")
    line = json.dumps(EVENT).encode()
    async with house.client("admin") as client:
        for media_type, body in ((STRUCTURED, line), (LINES, line), (LINES, b"{}"), (STRUCTURED, b"{}"), ("text/plain", b"")):
            check(events, await client.post("/events", content=body, headers={"content-type": media_type}))
        run: JsonObject = {"action": "web.restart", "input": {"unit": "a"}}
        for key in ("1", "1", "2"):
            check(runs, await client.post("/v1/executions", json=run, headers={"idempotency-key": key}))
        for scopes in (["read"], ["no such"]):
            check(tokens, await client.post("/v1/tokens", json={"name": "ci", "scopes": scopes}))
        served = await client.get("/v1/openapi.json")
    assert served.json() == WHOLE
