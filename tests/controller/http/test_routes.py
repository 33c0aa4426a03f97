"""The table of routes is the application, deny is the default, and every refusal is a problem document."""

import re

import httpx2
import pytest
from starlette.routing import Route

from attune_controller.http.app import build_public_app
from attune_controller.http.guard import GuardedRoute
from attune_controller.http.routes import ROUTES
from attune_controller.http.row import Access, Row
from attune_core.values import JsonValue
from attune_core.wire.api import Failure, Scope
from attune_core.wire.cloudevents_http import STRUCTURED
from tests.controller.http.house import House
from tests.controller.http.serving import QUICK, listening, wire
from tests.waiting import eventually

SCOPED = [row for row in ROUTES if isinstance(row.requires, Scope)]
#: What each scope opens, written out: a row that moves to a lesser scope has to be moved here, too.
OPENED = {
    "events:send": {"POST /events"},
    "read": {
        "GET /v1/status",
        "GET /v1/overview",
        "GET /v1/changes",
        "GET /v1/events",
        "GET /v1/events/{event:path}",
        "GET /v1/recorded_events",
        "GET /v1/executions",
        "GET /v1/executions/{execution}",
        "GET /v1/executions/{execution}/logs",
        "GET /v1/queues",
        "GET /v1/queues/pauses",
        "GET /v1/queues/{place}/{action}",
        "GET /v1/history",
        "GET /v1/agents",
        "GET /v1/agents/{agent}",
        "GET /v1/rules",
        "GET /v1/rules/{rule}",
        "GET /v1/throttles",
        "GET /v1/timers",
        "GET /v1/timers/{timer}",
        "GET /v1/sensors",
        "GET /v1/sensors/{sensor}",
        "GET /v1/sensors/{sensor}/logs",
        "GET /v1/explain/event/{event:path}",
        "GET /v1/explain/execution/{execution}",
        "GET /v1/explain/agent/{agent}",
    },
    "operate": {
        "POST /v1/executions",
        "POST /v1/executions/{execution}/cancel",
        "POST /v1/executions/{execution}/requeue",
        "POST /v1/executions/{execution}/rerun",
        "POST /v1/dead_letters/retry",
        "POST /v1/dead_letters/drop",
        "POST /v1/queues/pause",
        "POST /v1/queues/resume",
        *(f"POST /v1/agents/{{agent}}/{what}" for what in ("cordon", "uncordon", "pause", "resume", "drain", "forget")),
    },
    "admin": {"POST /v1/join_tokens", "GET /v1/tokens", "POST /v1/tokens", "DELETE /v1/tokens/{token}"},
}
OPENED["operate"] |= OPENED["read"]
OPENED["admin"] = set.union(*OPENED.values())


def _name(row: Row) -> str:
    return f"{row.method} {row.path}"


def _path(row: Row) -> str:
    return re.sub(r"\{[^}]*\}", "1", row.path)


def test_the_application_has_exactly_the_rows_of_the_table(house: House) -> None:
    served = []
    for route in build_public_app(house.parts).routes:
        assert isinstance(route, Route)
        assert isinstance(route.endpoint, GuardedRoute), f"{route.path} stands outside the guard"
        served.append((route.path, frozenset(route.methods or ()) - {"HEAD"}, route.endpoint.row))
    assert served == [(row.path, frozenset({row.method}), row) for row in ROUTES]


def test_no_route_stands_twice_and_only_the_known_ones_ask_for_no_token() -> None:
    names = [_name(row) for row in ROUTES]
    assert len(set(names)) == len(names)
    assert {_name(row): row.requires for row in ROUTES if isinstance(row.requires, Access)} == {
        "POST /hooks/{name}": Access.HOOK,
        "GET /ca": Access.PUBLIC,
        "GET /v1/openapi.json": Access.PUBLIC,
        "GET /health": Access.PUBLIC,
        "GET /ready": Access.PUBLIC,
        "POST /v1/enrolments": Access.JOIN,
    }


@pytest.mark.parametrize("row", SCOPED, ids=_name)
async def test_without_a_token_a_route_answers_401(house: House, row: Row) -> None:
    async with house.client() as client:
        answer = await client.request(row.method, _path(row))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert Failure.model_validate_json(answer.content).code == "ATT505"


@pytest.mark.parametrize("scope", list(OPENED))
async def test_a_scope_opens_what_it_says_and_nothing_else(house: House, scope: str) -> None:
    house.changes.close()  # a stream would not end
    async with house.client(scope) as client:
        for row in SCOPED:
            answer = await client.request(row.method, _path(row), content=b"{}")
            if _name(row) in OPENED[scope]:
                assert answer.status_code not in {401, 403}, row
            else:
                assert answer.status_code == 403, row
                assert Failure.model_validate_json(answer.content).code == "ATT507"


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", "Basic YWRtaW46YWRtaW4=")],
        [("authorization", "Bearer")],
        [("authorization", "Bearer " + "a" * 300)],
        [("authorization", "{token}"), ("authorization", "{token}")],
    ],
)
async def test_anything_but_one_bearer_token_is_no_credential(house: House, headers: list[tuple[str, str]]) -> None:
    _, token = await house.tokens.create("admin", ["admin"])
    async with house.client() as client:
        sent = [(name, value.replace("{token}", f"Bearer {token}")) for name, value in headers]
        assert (await client.get("/v1/status", headers=sent)).status_code == 401
        assert (await client.get("/v1/status", headers={"authorization": "Bearer attune_nobody"})).status_code == 401
        assert (await client.get("/v1/status", headers={"authorization": f"bearer {token}"})).status_code == 200
        assert (await client.get(f"/v1/status?token={token}")).status_code == 401


async def test_a_removed_token_is_refused_on_the_very_next_request(house: House) -> None:
    async with house.client("read") as client:
        assert (await client.get("/v1/status")).status_code == 200
        await house.tokens.remove((await house.store.api_tokens())[0].name)
        assert (await client.get("/v1/status")).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "ATT408"),
        ("GET", "/v1", 404, "ATT408"),
        ("GET", "/v1/status/", 404, "ATT408"),
        ("GET", "//v1/status", 404, "ATT408"),
        ("GET", "/v1/../v1/status%00", 404, "ATT408"),
        ("GET", "/agent/v1/stream", 404, "ATT408"),
        ("PUT", "/v1/status", 405, "ATT409"),
        ("DELETE", "/hooks/github", 405, "ATT409"),
        ("OPTIONS", "/v1/executions", 405, "ATT409"),
    ],
)
async def test_what_is_not_in_the_table_does_not_exist(house: House, method: str, path: str, status: int, code: str) -> None:
    async with house.client("admin") as client:
        answer = await client.send(httpx2.Request(method, str(client.base_url) + path, headers=client.headers))
    assert (answer.status_code, _failure(answer).code) == (status, code)
    assert ("allow" in answer.headers) == (status == 405)


async def test_a_problem_document_says_what_where_and_what_to_do(house: House) -> None:
    async with house.client("read") as client:
        answer = await client.get("/v1/executions/17")
    failure = _failure(answer)
    assert (failure.status, failure.code, failure.type) == (404, "ATT611", "urn:attune:error:ATT611")
    assert failure.title == "There is no execution with this id or number."
    assert "17" in failure.detail
    assert failure.remedy == "list what there is: attune execution list"
    assert failure.instance == f"urn:attune:request:{answer.headers['x-request-id']}"
    assert answer.headers["cache-control"] == "no-store"


async def test_untrusted_text_in_a_problem_is_only_text(house: House) -> None:
    async with house.client("read") as client:
        failure = _failure(await client.get("/v1/events/%1b[31mred%E2%80%AE"))
    assert failure.detail == "there is no event '\\x1b[31mred\\u202e'"


async def test_a_defect_is_a_problem_document_without_a_word_of_the_cause(house: House) -> None:
    house.parts.store.counts = None  # type: ignore[assignment,method-assign]  # a mistake in the controller
    async with house.client("read") as client:
        answer = await client.get("/v1/status")
        assert (answer.status_code, _failure(answer).code) == (500, "ATT419")
        assert "NoneType" not in answer.text
        assert "Traceback" not in answer.text
        assert (await client.get("/v1/agents")).status_code == 200


async def test_a_compressed_body_is_refused_and_never_unpacked(house: House) -> None:
    async with house.client("events:send") as client:
        answer = await client.post("/events", content=b"\x1f\x8b\x08\x00", headers={"content-encoding": "gzip"})
    assert (answer.status_code, _failure(answer).code) == (415, "ATT410")


async def test_every_answer_forbids_guessing_its_type(house: House) -> None:
    async with house.client() as client:
        for path in ("/ca", "/v1/status"):
            assert (await client.get(path)).headers["x-content-type-options"] == "nosniff"


async def test_a_client_that_goes_away_in_the_middle_of_a_body_stores_nothing(house: House) -> None:
    _, token = await house.tokens.create("sender", ["events:send"])
    head = f"POST /events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Type: {STRUCTURED}\r\nContent-Length: 999\r\n\r\n"
    async with listening(build_public_app(house.parts), limits=QUICK) as listener:
        async with wire(listener) as connection:
            await connection.send(head + '{"specversion": "1.0",')
        await eventually(lambda: listener.open_connections == 0)
        async with wire(listener) as connection:
            await connection.send(head + '{"specversion": "1.0",')
            assert (await connection.answer()).status == 408
    assert list((await house.store.events(before=None, limit=10)).events) == []


BAD_JSON: dict[str, tuple[bytes, str]] = {
    "duplicate keys": (b'{"name": "a", "name": "b"}', "stands twice"),
    "NaN": (b'{"name": NaN}', "NaN is not JSON"),
    "infinity": (b'{"name": -Infinity}', "not JSON"),
    "an infinite double": (b'{"name": 1e999}', "not finite"),
    "100k nesting": (b"[" * 100_000 + b"]" * 100_000, "nested deeper than 64"),
    "65 objects deep": (b'{"a":' * 65 + b"1" + b"}" * 65, "nested deeper than 64"),
    "a lone surrogate": (b'{"name": "\\ud800"}', "lone surrogate"),
    "a lone surrogate as a key": (b'{"\\udfff": 1}', "lone surrogate"),
    "U+0000": (b'{"name": "\\u0000"}', "U+0000"),
    "an integer above int64": (b'{"name": 9223372036854775808}', "outside int64"),
    "an integer below int64": (b'{"name": -9223372036854775809}', "outside int64"),
    "5,000 digits": (b'{"name": ' + b"9" * 5000 + b"}", "outside int64"),
    "no UTF-8": (b'{"name": "\xff"}', "not UTF-8"),
    "UTF-16": ('{"name": "a"}'.encode("utf-16"), "not UTF-8"),
    "a byte order mark": (b'\xef\xbb\xbf{"name": "a"}', "not JSON"),
    "two documents": (b"{} {}", "not JSON"),
    "nothing": (b"", "not JSON"),
    "a form": (b"name=a&scopes=admin", "not JSON"),
    "too many keys": (b"[" + b"1," * 10_001 + b"1]", "more than 10000"),
    "a long string": (b'{"name": "' + b"a" * (257 << 10) + b'"}', "more than 262144"),
}


@pytest.mark.parametrize("case", list(BAD_JSON))
@pytest.mark.parametrize("path", ["/v1/tokens", "/v1/executions", "/events", "/v1/enrolments"])
async def test_json_that_is_not_strict_is_refused_at_the_door(house: House, case: str, path: str) -> None:
    body, message = BAD_JSON[case]
    async with house.client("admin") as client:
        answer = await client.post(path, content=body, headers={"content-type": "application/cloudevents+json"})
    failure = _failure(answer)
    assert (answer.status_code, failure.code) == (400, "ATT400")
    assert message in failure.detail


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/v1/tokens", {"name": "a", "scope": ["read"], "scopes": ["read"]}, "'scope' is not a key"),
        ("/v1/tokens", {"name": "a"}, "scopes: Field required"),
        ("/v1/tokens", {"name": "../a", "scopes": ["read"]}, "name: String should match"),
        ("/v1/tokens", [], "the document"),
        ("/v1/join_tokens", {"name": "Web", "labels": {}}, "name: String should match"),
        ("/v1/join_tokens", {"name": "web", "ttl": 901}, "ttl: Input should be less than or equal to 900"),
        ("/v1/join_tokens", {"name": "web", "labels": {"a": ""}}, "labels.a"),
        ("/v1/executions", {"action": "web.restart", "inputs": {}}, "'inputs' is not a key"),
        ("/v1/executions", {"action": "restart"}, "action"),
        ("/v1/executions", {"action": "web.restart", "pick": "most"}, "pick"),
    ],
)
async def test_a_document_that_is_not_understood_wholly_is_refused(house: House, path: str, body: JsonValue, message: str) -> None:
    async with house.client("admin") as client:
        answer = await client.post(path, json=body)
    failure = _failure(answer)
    assert (answer.status_code, failure.code) == (400, "ATT413")
    assert message in failure.detail


async def test_a_bad_documents_secret_is_not_repeated(house: House) -> None:
    async with house.client() as client:
        answer = await client.post("/v1/enrolments", json={"token": "s" * 300, "name": "web-1", "csr": "x"})
    assert answer.status_code == 400
    assert "sss" not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "sate=failed",
        "limit=0",
        "limit=201",
        "limit=1e3",
        "limit=٣",
        "limit=1&limit=2",
        "after=-1",
        "after=x",
        "after=1&before=2",
        "state=gone",
    ],
)
async def test_a_parameter_that_is_not_understood_is_refused_instead_of_ignored(house: House, query: str) -> None:
    async with house.client("read") as client:
        answer = await client.get(f"/v1/executions?{query}")
    assert (answer.status_code, _failure(answer).code) == (400, "ATT412")


def _failure(answer: httpx2.Response) -> Failure:
    assert answer.headers["content-type"] == "application/problem+json"
    return Failure.model_validate_json(answer.content)
