"""What a broken or hostile agent may send: an answer with a code, an ended session, and nothing stored."""

import asyncio
import hashlib

import httpx2
import pytest

from tests.controller.live import Live, Refused, ScriptedAgent

BAD_FRAMES = (
    b'{"type":"dance","n":1,"body":{}}',
    b'{"type":"ack","n":1,"body":{"epoch":0,"last":0}}',
    b'{"type":"status","n":2,"body":{"slots":1,"busy":0}}\n{"type":"status","n":1,"body":{"slots":1,"busy":0}}',
    b'{"type":"status","n":0,"body":{"slots":1,"busy":0}}',
    b'{"type":"status","n":1,"body":{"slots":1,"busy":99999999999999999999}}',
    b'{"type":"status","n":1,"n":2,"body":{"slots":1,"busy":0}}',
    b'{"type":"status","n":1,"body":{"slots":1,"busy":0},"x":NaN}',
    b'{"type":"report","n":1,"body":{"execution":"x","attempt":1,"state":"started","at":1,"result":"\\ud800"}}',
    b'{"type":"report","n":1,"body":{"execution":"x","attempt":9223372036854775807,"state":"queued","at":1,"sequence":1}}',
    b'{"type":"report","n":1,"body":{"execution":"x","attempt":1,"state":"started","at":1,"result":' + b"[" * 500 + b"]" * 500 + b"}}",
    b'{"type":"status","n":1,"body":{"slots":1,"busy":0,"x":"' + b"y" * (2 << 20) + b'"}}',
    b"\xff\xfe",
    b"\n" * 5000,
    b"not json",
)


async def test_a_frame_that_cannot_be_taken_ends_the_session_with_a_code(it: Live) -> None:
    agent = await it.enrol("one")
    for body in BAD_FRAMES:
        spoken = await agent.hello()
        with pytest.raises(Refused, match="400 ATT533"):
            await spoken.post(body)
        async with asyncio.timeout(60):
            await spoken.ended.wait()
        assert (await it.get("/v1/agents")).json()["items"][0]["state"] == "unreachable"
    again = await agent.hello()
    assert await again.say({"slots": 1, "busy": 0, "later": "field"}, kind="status") == 1


async def test_every_request_needs_the_protocol_number(it: Live) -> None:
    agent = await it.enrol("one")
    client = agent.client()
    for headers in ({"attune-protocol": "2"}, {"attune-protocol": ""}):
        for method, path in (("POST", "hello"), ("GET", "stream"), ("POST", "frames"), ("GET", "packs/" + "0" * 64)):
            answer = await client.request(method, f"/agent/v1/{path}", headers=headers, content=b"{}" if method == "POST" else None)
            assert (answer.status_code, answer.json()["code"]) == (426, "ATT531")


async def test_a_hello_that_says_nothing_is_refused(it: Live) -> None:
    client = (await it.enrol("one")).client()
    for hello in (b"", b"[]", b"{}", b'{"instance":"i","boot_id":"b","version":"0","slots":0}', b"{" * 100_000):
        answer = await client.post("/agent/v1/hello", content=hello)
        assert answer.status_code == httpx2.codes.BAD_REQUEST
        assert answer.json()["code"] in {"ATT400", "ATT533"}


async def test_without_a_session_there_are_no_frames_and_no_stream(it: Live) -> None:
    client = (await it.enrol("one")).client()
    for method, path in (("POST", "frames"), ("GET", "stream")):
        answer = await client.request(method, f"/agent/v1/{path}", headers={"attune-session": "made-up"})
        assert (answer.status_code, answer.json()["code"]) == (409, "ATT532")


async def test_a_pack_is_served_by_its_digest_and_nothing_else_is(it: Live) -> None:
    client = (await it.enrol("one")).client()
    pack, *_ = (it.settings.state / "packs").iterdir()
    answer = await client.get(f"/agent/v1/packs/{pack.stem}")
    assert hashlib.sha256(answer.content).hexdigest() == pack.stem
    for wrong in ("0" * 64, "..%2f..%2fadmin-token", "x", pack.stem.upper(), pack.name):
        answer = await client.get(f"/agent/v1/packs/{wrong}")
        assert answer.status_code == httpx2.codes.NOT_FOUND


async def test_two_copies_of_one_state_directory_are_both_locked(it: Live) -> None:
    original = await it.enrol("one")
    first = await original.hello()
    await first.close()
    second = await original.hello(previous=first.welcome.session)
    # A copy of the disk was made here; it wakes up, and then the original goes on.
    copy = await original.hello(previous=second.welcome.session)
    async with asyncio.timeout(60):
        await second.ended.wait()
    with pytest.raises(Refused, match="409 ATT534"):
        await original.hello(previous=second.welcome.session)
    async with asyncio.timeout(60):
        await copy.ended.wait()
    for previous in (second.welcome.session, copy.welcome.session, ""):
        with pytest.raises(Refused, match="409 ATT534"):
            await original.hello(previous=previous)


async def test_an_agent_that_loses_answers_is_no_copy(it: Live) -> None:
    agent = await it.enrol("one")
    first = await agent.hello()
    for _ in range(5):
        await agent.greet(previous=first.welcome.session)  # the answer was lost
    seen = await agent.greet(previous=first.welcome.session)  # it was stored, and then the stream could not be opened
    await agent.hello(previous=seen.welcome.session)


async def test_a_hello_that_the_network_held_back_ends_nothing(it: Live) -> None:
    agent = await it.enrol("one")
    first = await agent.hello()
    second = await agent.hello(previous=first.welcome.session)
    third = await agent.hello(previous=second.welcome.session)
    for previous in (first.welcome.session, second.welcome.session):
        await agent.greet(previous=previous)  # it was sent long ago, and nobody waits for the answer
    assert not third.ended.is_set()
    await agent.hello(previous=third.welcome.session)


async def test_a_boot_that_comes_back_is_a_copy_even_without_its_previous_session(it: Live) -> None:
    agent = await it.enrol("one")
    await agent.hello(boot="a")
    await agent.hello(boot="b")
    with pytest.raises(Refused, match="409 ATT534"):
        await agent.hello(boot="a")


async def test_a_new_instance_ends_the_lock(it: Live) -> None:
    agent = await it.enrol("one")
    for boot in ("a", "b"):
        await agent.hello(boot=boot)
    with pytest.raises(Refused):
        await agent.hello(boot="a")
    anew = ScriptedAgent(name="one", url=agent.url, context=agent.context, closing=agent.closing, instance="instance-2")
    await anew.hello(boot="a")
