"""Webhooks over HTTP: unsigned, wrongly signed, replayed, re-labelled, too large, and too early."""

import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.values import JsonValue
from attune_core.wire.api import Accepted, Failure
from tests.controller.http.house import SECRET, House

PUSH: JsonValue = {"ref": "refs/heads/main", "commits": [{"id": 1}]}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    async with house.client() as connected:
        yield connected


def _signed(body: bytes, secret: bytes = SECRET) -> str:
    return "sha256=" + hmac.new(secret, body, "sha256").hexdigest()


async def _deliver(
    client: httpx2.AsyncClient,
    payload: JsonValue | bytes = PUSH,
    *,
    hook: str = "github",
    delivery: str = "d-1",
    event: str = "push",
    signature: str | None = None,
    media_type: str = "application/json",
) -> httpx2.Response:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {
        "content-type": media_type,
        "x-github-delivery": delivery,
        "x-github-event": event,
        "x-hub-signature-256": _signed(body) if signature is None else signature,
    }
    return await client.post(f"/hooks/{hook}", content=body, headers={name: value for name, value in headers.items() if value})


def _refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, Failure.model_validate_json(answer.content).code


async def _stored(house: House) -> int:
    return len((await house.store.events(before=None, limit=100)).events)


async def test_a_signed_delivery_is_an_event_of_its_trigger(house: House, client: httpx2.AsyncClient) -> None:
    answer = await _deliver(client)
    accepted = Accepted.model_validate_json(answer.content)
    assert (answer.status_code, accepted) == (202, Accepted(id="d-1", source="attune:hooks/github", position=1))
    stored = await house.store.event(1)
    assert stored is not None
    assert (stored.new.type, stored.new.data) == ("github.push", PUSH)
    assert len(stored.new.body_digest) == 64
    assert house.delivered == ["github"]
    assert house.woken == 1


async def test_the_header_selects_among_the_allowed_triggers(house: House, client: httpx2.AsyncClient) -> None:
    assert (await _deliver(client, {"number": 7}, event="pull_request")).status_code == 202
    stored = await house.store.event(1)
    assert stored is not None
    assert stored.new.type == "github.pull_request"


@pytest.mark.parametrize("signature", ["", "sha256=" + "0" * 64, "sha1=" + "0" * 40, "sha256=00", _signed(b"another body")])
async def test_an_unsigned_or_wrongly_signed_delivery_is_refused_and_nothing_is_stored(
    house: House, client: httpx2.AsyncClient, signature: str
) -> None:
    assert _refused(await _deliver(client, signature=signature)) == (401, "ATT421")
    assert await _stored(house) == 0
    assert house.delivered == []


async def test_two_signatures_are_none(house: House, client: httpx2.AsyncClient) -> None:
    right = _signed(b"{}")
    headers = [("x-hub-signature-256", right), ("x-hub-signature-256", right), ("x-github-delivery", "d"), ("x-github-event", "push")]
    assert _refused(await client.post("/hooks/github", content=b"{}", headers=headers)) == (401, "ATT421")


async def test_a_body_signed_for_one_hook_is_refused_by_another(house: House, client: httpx2.AsyncClient) -> None:
    assert (await _deliver(client)).status_code == 202
    assert _refused(await _deliver(client, hook="other")) == (401, "ATT421")


async def test_an_unsigned_body_is_not_even_parsed(house: House, client: httpx2.AsyncClient) -> None:
    assert _refused(await _deliver(client, b"[" * 100_000, signature="sha256=" + "0" * 64)) == (401, "ATT421")


async def test_the_same_delivery_again_is_answered_with_the_first_position(house: House, client: httpx2.AsyncClient) -> None:
    await _deliver(client)
    await _deliver(client, {"ref": "refs/heads/other"}, delivery="d-2")
    again = await _deliver(client)
    assert (again.status_code, Accepted.model_validate_json(again.content).position, again.json()["duplicate"]) == (200, 1, True)
    assert await _stored(house) == 2


async def test_the_same_body_under_a_new_id_is_refused_as_a_replay(house: House, client: httpx2.AsyncClient) -> None:
    await _deliver(client)
    assert _refused(await _deliver(client, delivery="d-2")) == (409, "ATT609")
    assert await _stored(house) == 1


async def test_a_body_that_was_relabelled_is_refused_as_a_replay_too(house: House, client: httpx2.AsyncClient) -> None:
    await _deliver(client)
    assert _refused(await _deliver(client, delivery="d-2", event="pull_request")) == (409, "ATT609")
    same_id = await _deliver(client, event="pull_request")
    assert _refused(same_id) == (409, "ATT429")
    stored = await house.store.event(1)
    assert stored is not None
    assert stored.new.type == "github.push"


async def test_a_body_relabelled_before_it_was_seen_does_not_fit_the_other_schema(house: House, client: httpx2.AsyncClient) -> None:
    answer = await _deliver(client, event="pull_request")
    assert answer.status_code == 202
    assert "does not fit the trigger's schema" in Accepted.model_validate_json(answer.content).dead_letter


async def test_replay_id_takes_the_same_body_under_a_new_id(house: House, client: httpx2.AsyncClient) -> None:
    assert (await _deliver(client, hook="ids")).status_code == 202
    assert (await _deliver(client, hook="ids", delivery="d-2")).status_code == 202
    assert (await _deliver(client, hook="ids", delivery="d-2")).status_code == 200
    assert await _stored(house) == 2


async def test_a_replay_is_still_one_after_a_restart(tmp_path: Path) -> None:
    for position, (delivery, status) in enumerate([("d-1", 202), ("d-2", 409), ("d-1", 200)]):
        store = await open_sqlite_store(tmp_path / "store")
        house = House(tmp_path, store)
        async with house.client() as client:
            assert (await _deliver(client, delivery=delivery)).status_code == status, position
        await store.close()


@pytest.mark.parametrize("event", ["ping", "Push", "push,pull_request", "../push", "core.requested"])
async def test_an_event_that_is_not_allowed_is_refused(house: House, client: httpx2.AsyncClient, event: str) -> None:
    assert _refused(await _deliver(client, event=event)) == (403, "ATT424")
    assert await _stored(house) == 0


@pytest.mark.parametrize(("delivery", "event"), [("", "push"), ("d-1", ""), ("a b", "push"), ("x" * 129, "push"), ("<d>", "push")])
async def test_a_delivery_without_its_id_or_kind_is_refused(house: House, client: httpx2.AsyncClient, delivery: str, event: str) -> None:
    assert _refused(await _deliver(client, delivery=delivery, event=event)) == (400, "ATT423")
    assert await _stored(house) == 0


@pytest.mark.parametrize(
    "body", [b"", b"not json", b'{"ref": 1, "ref": 2}', b'{"ref": NaN}', b"[" * 70 + b"]" * 70, b'{"ref": "\\ud800"}', b"payload=%7B%7D"]
)
async def test_a_signed_body_that_is_not_strict_json_is_refused_and_not_stored(
    house: House, client: httpx2.AsyncClient, body: bytes
) -> None:
    assert _refused(await _deliver(client, body, media_type="application/x-www-form-urlencoded")) == (400, "ATT400")
    assert await _stored(house) == 0


async def test_json_is_read_as_json_whatever_its_label_says(house: House, client: httpx2.AsyncClient) -> None:
    assert (await _deliver(client, media_type="multipart/form-data; boundary=x")).status_code == 202


async def test_a_signed_payload_that_fits_no_schema_is_a_dead_letter_that_says_why(house: House, client: httpx2.AsyncClient) -> None:
    answer = await _deliver(client, {"reff": "refs/heads/main"})
    assert answer.status_code == 202
    assert "ref" in Accepted.model_validate_json(answer.content).dead_letter
    stored = await house.store.event(1)
    assert stored is not None
    assert (stored.status, stored.new.data) == ("dead_letter", {"reff": "refs/heads/main"})


async def test_a_body_at_the_bound_is_taken_and_one_beyond_it_is_not(house: House) -> None:
    house.parts.hooks.body_bytes = 1000
    async with house.client() as client:
        assert (await _deliver(client, json.dumps({"ref": "x" * 980}).encode().ljust(1000))).status_code == 202
        too_large = b"x" * 1001
        assert _refused(await _deliver(client, too_large)) == (413, "ATT404")

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(11):
                yield b"x" * 100

        headers = {"x-hub-signature-256": "sha256=" + "0" * 64}
        assert _refused(await client.post("/hooks/github", content=chunks(), headers=headers)) == (413, "ATT404")


async def test_a_payload_of_a_megabyte_with_many_keys_is_taken(house: House, client: httpx2.AsyncClient) -> None:
    commits: list[JsonValue] = [{"id": number, "message": "x" * 40, "added": ["a"], "removed": []} for number in range(7000)]
    answer = await _deliver(client, {"ref": "refs/heads/main", "commits": commits})
    assert answer.status_code == 202, answer.text


async def test_a_hook_that_is_not_declared_is_404(house: House, client: httpx2.AsyncClient) -> None:
    assert _refused(await _deliver(client, hook="gitlab")) == (404, "ATT420")
    house.active._catalog = None
    assert _refused(await _deliver(client)) == (404, "ATT420")


async def test_without_its_secret_a_hook_believes_nobody_and_says_no_more(house: House, client: httpx2.AsyncClient) -> None:
    empty = _signed(b"{}", b"")
    assert _refused(await _deliver(client, b"{}", hook="unready", signature=empty)) == (503, "ATT422")
    house.write_secret("missing", b"")
    assert _refused(await _deliver(client, b"{}", hook="unready", signature=empty)) == (503, "ATT422")
    house.write_secret("missing", SECRET, mode=0o644)
    exposed = await _deliver(client, hook="unready")
    assert _refused(exposed) == (503, "ATT422")
    assert str(house.folder) not in exposed.text


async def test_a_new_secret_holds_from_the_next_delivery(house: House, client: httpx2.AsyncClient) -> None:
    house.write_secret("github", b"rotated\n")
    assert _refused(await _deliver(client)) == (401, "ATT421")
    body = json.dumps(PUSH).encode()
    assert (await _deliver(client, signature=_signed(body, b"rotated"))).status_code == 202


@pytest.mark.parametrize("trigger", ["core.requested", "web.restart.completed"])
async def test_no_webhook_makes_an_event_of_the_controllers_own(house: House, client: httpx2.AsyncClient, trigger: str) -> None:
    """The catalog lets none through; should it ever, a `core.requested` from outside would run any action."""
    catalog = house.active.catalog
    assert catalog is not None
    bent = replace(catalog.webhooks["github"], triggers={"push": trigger})
    house.active.swap(replace(catalog, webhooks={"github": bent}))
    assert _refused(await _deliver(client)) == (403, "ATT417")
    assert await _stored(house) == 0
