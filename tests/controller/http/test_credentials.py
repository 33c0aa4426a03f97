"""Tokens, join tokens and enrolment over HTTP, and what an Idempotency-Key is good for there."""

import asyncio

import pytest
from starlette.responses import Response

from attune_controller.http.errors import IdempotencyKeyReused
from attune_controller.http.replies import KEPT, LIFE, Replies
from attune_core.pki import fingerprint, make_key, make_signing_request
from attune_core.values import JsonObject
from attune_core.wire.api import Failure, JoinTokenView, Page, TokenView
from attune_core.wire.enrolment import Enrolled
from attune_core.wire.join_token import read_join_token
from tests.controller.clocks import StandingClock
from tests.controller.http.house import House


async def test_a_token_is_shown_once_and_works(house: House) -> None:
    async with house.client("admin") as client:
        answer = await client.post("/v1/tokens", json={"name": "ci", "scopes": ["read", "events:send"]})
        made = TokenView.model_validate_json(answer.content)
        assert (answer.status_code, made.scopes) == (201, ["events:send", "read"])
        listed = await client.get("/v1/tokens")
        assert made.token not in listed.text
        assert {token.name for token in Page[TokenView].model_validate_json(listed.content).items} > {"ci"}
        theirs = {"authorization": f"Bearer {made.token}"}
        assert (await client.get("/v1/status", headers=theirs)).status_code == 200
        assert (await client.post("/v1/tokens", json={}, headers=theirs)).status_code == 403
        again = await client.post("/v1/tokens", json={"name": "ci", "scopes": ["admin"]})
        assert (again.status_code, Failure.model_validate_json(again.content).code) == (409, "ATT616")
        assert (await client.delete("/v1/tokens/ci")).status_code == 204
        assert (await client.get("/v1/status", headers=theirs)).status_code == 401
        gone = await client.delete("/v1/tokens/ci")
        assert (gone.status_code, Failure.model_validate_json(gone.content).code) == (404, "ATT418")


async def test_a_scope_that_does_not_exist_is_refused(house: House) -> None:
    async with house.client("admin") as client:
        answer = await client.post("/v1/tokens", json={"name": "ci", "scopes": ["root"]})
    assert (answer.status_code, Failure.model_validate_json(answer.content).code) == (400, "ATT508")


async def _invitation(house: House, name: str = "web-1") -> str:
    async with house.client("admin") as client:
        answer = await client.post("/v1/join_tokens", json={"name": name, "labels": {"role": "web"}, "ttl": 60})
        assert answer.status_code == 201
        return read_join_token(JoinTokenView.model_validate_json(answer.content).token).secret


def _enrolment(secret: str, name: str = "web-1") -> JsonObject:
    return {"token": secret, "name": name, "csr": make_signing_request(make_key(), name).decode(), "of_a_later_version": True}


async def test_a_host_joins_with_its_token_once_and_under_its_name(house: House) -> None:
    secret = await _invitation(house)
    async with house.client() as client:
        authority = await client.get("/ca")
        assert fingerprint(authority.text) == house.authority.fingerprint
        other = await client.post("/v1/enrolments", json=_enrolment(secret, "db-1"))
        assert (other.status_code, Failure.model_validate_json(other.content).code) == (403, "ATT615")
        joined = await client.post("/v1/enrolments", json=_enrolment(secret))
        assert joined.status_code == 201
        assert Enrolled.model_validate_json(joined.content).authority == authority.text
        again = await client.post("/v1/enrolments", json=_enrolment(secret))
        assert (again.status_code, Failure.model_validate_json(again.content).code) == (403, "ATT615")
        assert secret not in again.text


async def test_an_expired_join_token_is_refused(house: House) -> None:
    secret = await _invitation(house)
    house.clock.time += 61
    async with house.client() as client:
        assert (await client.post("/v1/enrolments", json=_enrolment(secret))).status_code == 403


async def test_a_signing_request_that_is_none_leaves_the_token_good(house: House) -> None:
    secret = await _invitation(house)
    async with house.client() as client:
        bad = await client.post("/v1/enrolments", json=_enrolment(secret) | {"csr": "hello"})
        assert (bad.status_code, Failure.model_validate_json(bad.content).code) == (400, "ATT509")
        assert (await client.post("/v1/enrolments", json=_enrolment(secret))).status_code == 201


async def test_a_lost_answer_to_an_enrolment_can_be_asked_for_again_with_the_same_key_and_body(house: House) -> None:
    enrolment, key = _enrolment(await _invitation(house)), {"idempotency-key": "k"}
    async with house.client() as client:
        first = await client.post("/v1/enrolments", json=enrolment, headers=key)
        again = await client.post("/v1/enrolments", json=enrolment, headers=key)
        stranger = await client.post("/v1/enrolments", json=enrolment | {"token": "x"}, headers=key)
    assert (first.status_code, first.content) == (201, again.content)
    assert stranger.status_code == 403


async def test_a_token_is_made_once_under_a_key_and_strangers_do_not_get_it(house: House) -> None:
    body, key = {"name": "ci", "scopes": ["read"]}, {"idempotency-key": "k"}
    async with house.client("admin") as client:
        first = await client.post("/v1/tokens", json=body, headers=key)
        again = await client.post("/v1/tokens", json=body, headers=key)
        changed = await client.post("/v1/tokens", json=body | {"scopes": ["admin"]}, headers=key)
        assert (first.status_code, first.content) == (201, again.content)
        assert (changed.status_code, Failure.model_validate_json(changed.content).code) == (422, "ATT415")
        _, other = await house.tokens.create("other", ["admin"])
        theirs = await client.post("/v1/tokens", json=body, headers=key | {"authorization": f"Bearer {other}"})
        assert theirs.status_code == 409


async def test_a_request_that_failed_is_not_remembered_and_a_pending_one_is_waited_for() -> None:
    replies, go_on, made = Replies(StandingClock()), asyncio.Event(), 0

    async def fail() -> Response:
        raise ValueError("no")

    async def make() -> Response:
        nonlocal made
        made += 1
        await go_on.wait()
        return Response("yes")

    with pytest.raises(ValueError, match="no"):
        await replies.once(("k",), "d", fail)
    both = [asyncio.create_task(replies.once(("k",), "d", make)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(IdempotencyKeyReused):
        await replies.once(("k",), "other", make)
    go_on.set()
    first, second = await asyncio.gather(*both)
    assert first is second
    assert made == 1


async def test_replies_are_kept_for_a_while_and_not_without_bound() -> None:
    clock = StandingClock()
    replies = Replies(clock)

    async def make() -> Response:
        return Response("yes")

    first = await replies.once(("k",), "d", make)
    clock.time += LIFE + 1
    assert await replies.once(("k",), "d", make) is not first
    for number in range(2 * KEPT):
        await replies.once((str(number),), "d", make)
    assert len(replies._kept) <= KEPT
