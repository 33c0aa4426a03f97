"""A request's traceparent at each door for events: the event has it, unless it brings its own."""

import hmac
import json

import pytest

from attune_controller.store.records.events import Event
from attune_core.values import JsonValue
from tests.controller.http.house import SECRET, House

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OWN = TRACE.replace("0af7", "1111")


def document(name: str, **more: JsonValue) -> dict[str, JsonValue]:
    return {"specversion": "1.0", "id": name, "source": "test:it", "type": "web.alert", "data": {"unit": "web_1"}, **more}


async def stored(house: House, name: str) -> Event:
    found = await house.store.find_event("", name)
    assert found is not None
    return found


@pytest.mark.parametrize(("sent", "kept"), [(TRACE, TRACE), ("nonsense", ""), ("", "")])
async def test_an_event_has_the_trace_of_its_request(house: House, sent: str, kept: str) -> None:
    headers = {"content-type": "application/cloudevents+json", "traceparent": sent}
    async with house.client("events:send") as client:
        (await client.post("/events", content=json.dumps(document("1")).encode(), headers=headers)).raise_for_status()
        (await client.post("/events", content=json.dumps(document("2", traceparent=OWN)).encode(), headers=headers)).raise_for_status()
        headers["content-type"] = "application/cloudevents-batch+json"
        (
            await client.post("/events", content=json.dumps([document("3"), document("4", traceparent=OWN)]).encode(), headers=headers)
        ).raise_for_status()
    assert [(await stored(house, name)).new.traceparent for name in "1234"] == [kept, OWN, kept, OWN]


async def test_a_run_by_hand_has_it_too(house: House) -> None:
    run: JsonValue = {"action": "web.restart", "input": {"unit": "web_a"}, "match": {"role": "web"}, "pick": "any"}
    async with house.client("operate") as client:
        answer = await client.post("/v1/executions", json=run, headers={"traceparent": TRACE})
    assert answer.status_code == 202, answer.text
    assert (await stored(house, answer.json()["id"])).new.traceparent == TRACE


async def test_a_delivery_of_a_webhook_has_it_too(house: House) -> None:
    body = b'{"ref": "refs/heads/main", "commits": []}'
    headers = {
        "x-github-delivery": "d-1",
        "x-github-event": "push",
        "x-hub-signature-256": "sha256=" + hmac.new(SECRET, body, "sha256").hexdigest(),
        "content-type": "application/json",
        "traceparent": TRACE,
    }
    async with house.client() as client:
        (await client.post("/hooks/github", content=body, headers=headers)).raise_for_status()
    assert (await stored(house, "d-1")).new.traceparent == TRACE
