"""What happens, as the public listener tells it: places in the stream, bounds, and what it costs when nobody watches."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from attune_controller.watched import changes as feed
from attune_controller.watched.changes import KEPT, MOST, Changes
from attune_core.ports import SystemClock, SystemRandom
from attune_core.values import JsonObject
from attune_core.wire.api import Failure
from attune_core.wire.changes import AgentChange, EventChange
from tests.controller.http.house import House
from tests.controller.http.serving import Wire
from tests.waiting import eventually


def event(position: int) -> EventChange:
    return EventChange(position=position, id=f"e{position}", source="test", type="web.alert", status="accepted")


class Stream:
    """One watcher's stream, block by block."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer, self._lines = answer, answer.aiter_lines()
        self.last = ""

    async def next(self) -> JsonObject:
        """Return the next change."""
        async with asyncio.timeout(10):
            data: JsonObject = {}
            async for line in self._lines:
                if line.startswith("data: "):
                    data = json.loads(line.removeprefix("data: "))
                elif line.startswith("id: "):
                    self.last = line.removeprefix("id: ")
                elif not line and data:
                    return data
        raise AssertionError("the stream is over")


@asynccontextmanager
async def watching(client: httpx2.AsyncClient, last: str = "", **parameters: str) -> AsyncIterator[Stream]:
    headers = {"last-event-id": last} if last else {}
    async with client.stream("GET", "/v1/changes", params=parameters, headers=headers) as answer:
        assert answer.status_code == 200
        yield Stream(answer)


async def test_a_thousand_changes_come_in_their_order_and_nothing_between_stands_in_their_way(house: House) -> None:
    async with house.client("read") as client, watching(client) as stream:
        headers = stream.answer.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
        assert await stream.next() == {"kind": "reset", "why": "begin"}
        for position in range(1000):
            house.changes.tell(event(position))
        assert [(await stream.next())["position"] for _ in range(1000)] == list(range(1000))


async def test_a_stream_goes_on_where_another_one_ended(house: House) -> None:
    async with house.client("read") as client:
        async with watching(client) as stream:
            await stream.next()
            house.changes.tell(event(1))
            assert (await stream.next())["position"] == 1
        house.changes.tell(event(2))
        async with watching(client, stream.last) as again:
            house.changes.tell(event(3))
            assert [(await again.next())["position"] for _ in range(2)] == [2, 3]


@pytest.mark.parametrize("last", ["00000000-1", "nonsense", "x" * 300])
async def test_the_place_of_another_life_is_none(house: House, last: str) -> None:
    async with house.client("read") as client, watching(client, last) as stream:
        assert await stream.next() == {"kind": "reset", "why": "restarted"}


async def test_a_place_that_is_not_kept_any_more_is_none(house: House) -> None:
    async with house.client("read") as client:
        async with watching(client) as stream:
            await stream.next()
        for position in range(KEPT + 1):
            house.changes.tell(event(position))
        async with watching(client, stream.last) as again:
            assert await again.next() == {"kind": "reset", "why": "too_old"}
            house.changes.unsure()
            assert (await again.next())["kind"] == "reset", "what cannot be told one by one"


async def test_who_reads_too_slowly_is_told_so_and_nothing_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PACE", 0.0)
    changes = Changes(SystemClock(), SystemRandom())
    changes.enter()
    lines = changes.follow("", lambda _change: True)
    assert b"begin" in await anext(lines)
    changes.tell(event(0))
    assert b'"position":0' in await anext(lines)
    for position in range(3 * KEPT):
        changes.tell(event(position))
    assert b"too_slow" in await anext(lines)
    changes.tell(event(7))
    assert b'"position":7' in await anext(lines)


async def test_only_what_is_asked_for_comes_and_signs_of_life_keep_the_place(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "QUIET", 0.05)
    async with house.client("read") as client, watching(client, kinds="agent,queue") as stream:
        assert (await stream.next())["kind"] == "reset"
        before = stream.last
        house.changes.tell(event(1))
        house.changes.tell(AgentChange(name="web-1", state="connected"))
        assert await stream.next() == {"kind": "agent", "name": "web-1", "state": "connected", "marks": [], "host_pause": ""}
        assert stream.last != before
        house.changes.tell(event(2))
        async for line in stream._lines:
            if line == ": nothing new":
                break


async def test_what_is_no_kind_and_no_execution_is_refused(house: House) -> None:
    async with house.client("read") as client:
        assert Failure.model_validate_json((await client.get("/v1/changes?kinds=everything")).content).code == "ATT412"
        assert (await client.get("/v1/changes?execution=7")).status_code == 404
        assert (await client.get("/v1/changes?since=7")).status_code == 400
    async with house.client("events:send") as client:
        assert (await client.get("/v1/changes")).status_code == 403
    async with house.client() as client:
        assert (await client.get("/v1/changes")).status_code == 401
    assert house.changes.bounds()[0].depth == 0


async def test_no_more_watch_than_are_allowed_and_who_has_gone_does_not_count(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MOST", 2)
    async with house.client("read") as client:
        async with watching(client), watching(client):
            refused = await client.get("/v1/changes")
            assert (refused.status_code, Failure.model_validate_json(refused.content).code) == (429, "ATT774")
            assert "retry-after" in refused.headers
        await eventually(lambda: house.changes.bounds()[0].depth == 0)
        async with watching(client) as stream:
            assert (await stream.next())["kind"] == "reset"
    assert MOST > 2


async def test_who_reads_nothing_holds_up_nobody(house: House) -> None:
    async with house.client("read") as client, watching(client) as other:
        token = client.headers["authorization"]
        port = client.base_url.port
        assert port
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        wire = Wire(reader, writer)
        await wire.send(f"GET /v1/changes HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\n\r\n")
        await eventually(lambda: house.changes.bounds()[0].depth == 2)
        assert (await other.next())["kind"] == "reset"
        for position in range(2000):
            house.changes.tell(event(position))
        assert [(await other.next())["position"] for _ in range(2000)] == list(range(2000))
        writer.transport.abort()
        await eventually(lambda: house.changes.bounds()[0].depth == 1)


async def test_nothing_is_kept_while_nobody_watches() -> None:
    clock = SystemClock()
    changes = Changes(clock, SystemRandom())
    lives = [changes.live]
    changes.enter()
    changes.leave()
    lives.append(changes.live)
    changes._until = clock.monotonic() - 1
    changes.tell(event(1))
    lives.append(changes.live)
    assert lives == [False, True, False], "what would be told is put together only for a watcher, and a while after it"
    assert not any(changes._ring)


async def test_every_stream_ends_when_the_controller_stops(house: House) -> None:
    async with house.client("read") as client, watching(client) as stream:
        await stream.next()
        house.changes.close()
        assert [line async for line in stream._lines] == []
