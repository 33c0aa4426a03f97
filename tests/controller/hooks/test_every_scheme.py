"""Every scheme through the real listener: proven, not proven, old, sent again, sent elsewhere, and after a restart; rows 60, 61 and 63."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest

from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.models.webhook import Verification
from attune_core.values import JsonObject, JsonValue
from attune_core.webhooks.scheme import Sending
from attune_core.webhooks.table import SCHEMES
from attune_core.wire.api import Accepted, Failure
from tests.controller.http.house import House

SECRET = b"c2VjcmV0IG9mIHR3ZW50eS1mb3VyIGJ5dGVz"
HMAC = {"header": "X-Signature", "timestamp": "X-Time", "signs": "{timestamp}.{body}"}
ID = '${{ headers["x-delivery"] }}'
#: Scheme -> what its document says beside secret and trigger.
SCHEME_KEYS: Mapping[Verification, JsonObject] = {
    "github": {},
    "gitlab": {},
    "slack": {},
    "stripe": {},
    "standard-webhooks": {},
    "hmac": {"hmac": {**HMAC}, "id": ID},
    "token": {"id": ID},
}
#: Those that sign the time, and those that prove which delivery it is only by what else is signed.
TIMED = frozenset({"slack", "stripe", "standard-webhooks", "hmac"})
UNSIGNED_ID = frozenset({"github", "hmac"})
#: Where the signature, or the secret itself, stands.
PROOF: Mapping[str, str] = {
    "github": "x-hub-signature-256",
    "gitlab": "x-gitlab-token",
    "slack": "x-slack-signature",
    "stripe": "stripe-signature",
    "standard-webhooks": "webhook-signature",
    "hmac": "x-signature",
    "token": "authorization",
}
TOLD: JsonObject = {"id": "evt_1", "event_id": "Ev1", "kind": "told"}
TRIGGER = """description: Something is told
data:
  type: object
  required: [kind]
  properties:
    kind: {type: string}
    headers: {type: object, additionalProperties: {type: string}}
"""


def _files(**more: JsonObject) -> Mapping[str, str]:
    documents: dict[str, JsonObject] = {}
    for verify, keys in SCHEME_KEYS.items():
        name = verify.replace("-", "_")
        documents[name] = {"verify": verify, "secret": f"${{{{ controller.secrets.s_{name} }}}}", "trigger": "hooks.told", **keys}
        documents[f"other_{name}"] = {**documents[name], "secret": f"${{{{ controller.secrets.o_{name} }}}}"}
    documents.update({name: {"trigger": "hooks.told", **keys} for name, keys in more.items()})
    pack = {
        "packs/hooks/pack.yaml": "name: hooks\nversion: 1.0.0\ndescription: What services tell\n",
        "packs/hooks/triggers/told.yaml": TRIGGER,
    }
    return {**pack, **{f"webhooks/{name}.yaml": json.dumps(document) for name, document in documents.items()}}


def _secret(name: str) -> str:
    return f"${{{{ controller.secrets.{name} }}}}"


def _house(folder: Path, **more: JsonObject) -> House:
    house = House(folder)
    return _furnished(house, **more)


def _furnished(house: House, **more: JsonObject) -> House:
    for verify in SCHEME_KEYS:
        house.write_secret(f"s_{verify.replace('-', '_')}", SECRET)
        house.write_secret(f"o_{verify.replace('-', '_')}", SECRET[::-1] + b"AAAA")
    house.activate(_files(**more))
    return house


@pytest.fixture
def house(tmp_path: Path) -> House:
    return _house(tmp_path)


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    async with house.client() as connected:
        yield connected


def _request(house: House, verify: Verification, body: bytes, delivery: str = "d-1") -> dict[str, str]:
    """Return the headers with which a sender of this scheme sends a body now."""
    catalog = house.active.catalog
    assert catalog is not None
    document = catalog.webhooks[verify.replace("-", "_")].document
    sending = Sending(body=body, secret=SECRET, now=house.clock.now(), delivery=delivery)
    return {"x-delivery": delivery, **SCHEMES[verify].sign(sending, document)}


def _told(headers: Mapping[str, str], name: str, value: str) -> dict[str, str]:
    return {header: value if header.lower() == name else one for header, one in headers.items()}


async def _send(client: httpx2.AsyncClient, hook: str, headers: Mapping[str, str], body: bytes) -> httpx2.Response:
    return await client.post(f"/hooks/{hook.replace('-', '_')}", content=body, headers=dict(headers))


def _refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, Failure.model_validate_json(answer.content).code


async def _stored(house: House) -> list[JsonValue]:
    page = await house.store.events(before=None, limit=100)
    return [event.new.data for event in page.events]


BODY = json.dumps(TOLD).encode()
every_scheme = pytest.mark.parametrize("verify", SCHEME_KEYS)


@every_scheme
async def test_a_proven_request_is_an_event(house: House, client: httpx2.AsyncClient, verify: Verification) -> None:
    answer = await _send(client, verify, _request(house, verify, BODY), BODY)
    assert (answer.status_code, answer.content == b"") == ((200, True) if verify == "slack" else (202, False))
    assert await _stored(house) == [TOLD]


@every_scheme
async def test_an_unproven_request_is_refused_and_nothing_of_it_is_stored(
    house: House, client: httpx2.AsyncClient, verify: Verification
) -> None:
    right = _request(house, verify, BODY)
    proof = next(value for name, value in right.items() if name.lower() == PROOF[verify])
    without = {name: value for name, value in right.items() if name.lower() != PROOF[verify]}
    for wrong in ("", proof[:-2], proof + "00", json.dumps([proof]), "sha1=" + "0" * 40):
        assert _refused(await _send(client, verify, _told(right, PROOF[verify], wrong), BODY)) == (401, "ATT421"), wrong
    twice = [*without.items(), (PROOF[verify], proof), (PROOF[verify], proof)]
    assert _refused(await _send(client, verify, without, BODY)) == (401, "ATT421")
    assert _refused(await client.post(f"/hooks/{verify.replace('-', '_')}", content=BODY, headers=twice)) == (401, "ATT421")
    assert await _stored(house) == []
    assert {code for _, code in house.refused} == {"ATT421"}


@every_scheme
async def test_what_one_hook_believes_another_does_not(house: House, client: httpx2.AsyncClient, verify: Verification) -> None:
    headers = _request(house, verify, BODY)
    assert _refused(await _send(client, f"other-{verify}", headers, BODY)) == (401, "ATT421")
    if verify not in {"gitlab", "token"}:  # the only two that do not sign the body
        assert _refused(await _send(client, verify, headers, BODY + b" ")) == (401, "ATT421")


@every_scheme
async def test_the_same_request_after_one_minute_is_known_and_after_six_too_old_where_there_is_a_time(
    tmp_path: Path, verify: Verification
) -> None:
    position, later = 0, 0.0
    headers: dict[str, str] = {}
    for minutes in (0, 1, 6):
        store = await open_sqlite_store(tmp_path / "store")
        house = _furnished(House(tmp_path, store))
        headers = headers or _request(house, verify, BODY)
        later = later or house.clock.now()
        house.clock.time = later + 60 * minutes
        async with house.client() as client:
            answer = await _send(client, verify, headers, BODY)
        if minutes == 6 and verify in TIMED:
            assert _refused(answer) == (401, "ATT668")
        elif verify == "slack":
            assert answer.status_code == 200
        else:
            accepted = Accepted.model_validate_json(answer.content)
            position = position or accepted.position
            assert (answer.status_code, accepted.position) == (202 if minutes == 0 else 200, position)
        assert len(await _stored(house)) == 1
        await store.close()


@every_scheme
async def test_a_request_from_the_future_is_refused_where_there_is_a_time(
    house: House, client: httpx2.AsyncClient, verify: Verification
) -> None:
    headers = _request(house, verify, BODY)
    house.clock.time -= 360
    answer = await _send(client, verify, headers, BODY)
    assert answer.status_code == (401 if verify in TIMED else 202)


@every_scheme
async def test_what_was_signed_once_is_no_second_delivery_under_another_id(
    house: House, client: httpx2.AsyncClient, verify: Verification
) -> None:
    first = _request(house, verify, BODY)
    await _send(client, verify, first, BODY)
    header = {"github": "x-github-delivery", "gitlab": "idempotency-key", "standard-webhooks": "webhook-id"}.get(verify, "x-delivery")
    answer = await _send(client, verify, _told(first, header, "d-2"), BODY)
    if verify in UNSIGNED_ID:
        assert _refused(answer) == (409, "ATT609")
    elif verify == "standard-webhooks":
        assert _refused(answer) == (401, "ATT421")
    else:  # the id stands in the body; or whoever has the token may say anything
        assert answer.status_code == (202 if verify in {"gitlab", "token"} else 200)
    assert len(await _stored(house)) == (2 if verify in {"gitlab", "token"} else 1)


async def test_the_same_body_at_another_signed_time_is_another_delivery(house: House, client: httpx2.AsyncClient) -> None:
    await _send(client, "hmac", _request(house, "hmac", BODY), BODY)
    house.clock.time += 2
    assert (await _send(client, "hmac", _request(house, "hmac", BODY, "d-2"), BODY)).status_code == 202


async def test_while_a_secret_changes_the_one_before_is_taken_until_it_is_removed(tmp_path: Path) -> None:
    house = _house(tmp_path, changing={"verify": "token", "secret": _secret("new"), "previous_secret": _secret("old")})
    house.write_secret("new", b"the-new-one")
    house.write_secret("old", b"the-old-one")
    async with house.client() as client:
        for number, (token, status) in enumerate([("the-new-one", 202), ("the-old-one", 202), ("another", 401)]):
            body = json.dumps({**TOLD, "number": number}).encode()
            assert (await _send(client, "changing", {"authorization": f"Bearer {token}"}, body)).status_code == status
        (tmp_path / "secrets" / "old").unlink()
        assert (await _send(client, "changing", {"authorization": "Bearer the-old-one"}, b"{}")).status_code == 401
        (tmp_path / "secrets" / "new").unlink()
        assert _refused(await _send(client, "changing", {"authorization": "Bearer the-new-one"}, b"{}")) == (503, "ATT422")


async def test_a_secret_of_another_form_than_its_scheme_needs_is_told_to_the_operator_alone(
    house: House, client: httpx2.AsyncClient
) -> None:
    house.write_secret("s_standard_webhooks", b"whsec_not base64")
    answer = await _send(client, "standard-webhooks", _request(house, "standard-webhooks", BODY), BODY)
    assert _refused(answer) == (503, "ATT422")
    assert "base64" not in answer.text


async def test_slacks_question_is_answered_only_if_it_is_signed(house: House, client: httpx2.AsyncClient) -> None:
    question = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}).encode()
    headers = _request(house, "slack", question)
    answer = await _send(client, "slack", headers, question)
    assert (answer.status_code, answer.text) == (200, "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P")
    assert answer.headers["content-type"].startswith("text/plain")
    assert _refused(await _send(client, "slack", _told(headers, PROOF["slack"], "v0=" + "0" * 64), question)) == (401, "ATT421")
    assert (await _stored(house), house.delivered) == ([], [])


async def test_without_an_id_a_delivery_is_its_body(tmp_path: Path) -> None:
    house = _house(
        tmp_path,
        plain={"verify": "none", "unverified": True},
        each={"verify": "none", "unverified": True, "replay": "id"},
    )
    async with house.client() as client:
        assert [(await _send(client, "plain", {}, BODY)).status_code for _ in range(2)] == [202, 200]
        assert [(await _send(client, "each", {}, BODY)).status_code for _ in range(2)] == [202, 202]
    assert len(await _stored(house)) == 3


async def test_the_body_is_a_form_because_the_document_says_so_whatever_the_sender_says(tmp_path: Path) -> None:
    unverified: JsonObject = {"verify": "none", "unverified": True, "replay": "id", "body": "form"}
    house = _house(tmp_path, fields=unverified, button={**unverified, "field": "payload"})
    lie = {"content-type": "application/json"}
    async with house.client() as client:
        form = urlencode({"kind": "told", "text": "", "files[]": "/etc/passwd", "n": "5", "é": "ü"}).encode()
        assert (await _send(client, "fields", lie, form)).status_code == 202
        assert (await _send(client, "button", lie, urlencode({"payload": BODY.decode(), "x": "y"}).encode())).status_code == 202
        assert await _stored(house) == [TOLD, {"kind": "told", "text": "", "files[]": "/etc/passwd", "n": "5", "é": "ü"}]
        for body in (BODY, b"kind", b"kind=a&kind=b", b"kind=%ff", b"kind=%00", b"kind=%ed%a0%80", "kind=ü".encode(), b"a=1&" * 1001):
            assert _refused(await _send(client, "fields", lie, body)) == (400, "ATT400"), body
        for body in (b"other=1", b"payload=", b"payload=%7B%22a%22%3A1%2C%22a%22%3A2%7D", b"payload=%5B" + b"%5B" * 70):
            assert _refused(await _send(client, "button", lie, body)) == (400, "ATT400"), body
        multipart = {"content-type": "multipart/form-data; boundary=x"}
        file = b'--x\r\nContent-Disposition: form-data; name="files[]"; filename="/etc/passwd"\r\n\r\nx\r\n--x--\r\n'
        assert _refused(await _send(client, "fields", multipart, file)) == (400, "ATT400")
        assert _refused(await _send(client, "github", multipart, file)) == (401, "ATT421")


async def test_listed_headers_are_data_and_no_others(tmp_path: Path) -> None:
    keys: JsonObject = {"verify": "none", "unverified": True, "replay": "id", "headers": ["X-Request-Id", "X-Zone"]}
    house = _house(tmp_path, told=keys)
    async with house.client() as client:
        assert (await _send(client, "told", {"x-request-id": "r-1", "authorization": "Bearer x"}, BODY)).status_code == 202
        assert await _stored(house) == [{**TOLD, "headers": {"x-request-id": "r-1"}}]
        twice = [("x-zone", "a"), ("x-zone", "b")]
        assert _refused(await client.post("/hooks/told", content=BODY, headers=twice)) == (400, "ATT423")
        assert _refused(await _send(client, "told", {}, b'{"headers": {}}')) == (400, "ATT423")
        listed = await _send(client, "told", {}, b"[1]")
        assert "does not fit" in Accepted.model_validate_json(listed.content).dead_letter


async def test_the_body_chooses_among_what_is_allowed_and_tells_the_id(tmp_path: Path) -> None:
    keys: JsonObject = {
        "verify": "token",
        "secret": _secret("chosen"),
        "trigger": "hooks.${{ body.kind }}",
        "allow": ["told"],
        "id": "${{ string(body.kind) }}-${{ headers[?'x-number'].orValue('0') }}",
    }
    house = _house(tmp_path, chosen=keys)
    house.write_secret("chosen", b"t")
    bearer = {"authorization": "Bearer t"}
    async with house.client() as client:
        answer = await _send(client, "chosen", {**bearer, "x-number": "7"}, BODY)
        assert Accepted.model_validate_json(answer.content).id == "told-7"
        for body in (b'{"kind": "completed"}', b'{"kind": "told.completed"}', b'{"kind": ""}', b'{"kind": 5}', b'{"kind": ["told"]}'):
            assert _refused(await _send(client, "chosen", bearer, body)) == (403, "ATT424"), body
        for body in (b"{}", b"[]", b'"told"', b"null"):
            assert _refused(await _send(client, "chosen", bearer, body)) == (400, "ATT423"), body
        assert _refused(await _send(client, "chosen", {**bearer, "x-number": "<7>"}, BODY)) == (400, "ATT423")


async def test_expressions_do_not_see_credentials(tmp_path: Path) -> None:
    house = _house(tmp_path, curious={"verify": "token", "secret": _secret("curious"), "id": '${{ headers["authorization"] }}'})
    house.write_secret("curious", b"t")
    async with house.client() as client:
        answer = await _send(client, "curious", {"authorization": "Bearer t"}, BODY)
    assert _refused(answer) == (400, "ATT423")
    assert "Bearer" not in answer.text
