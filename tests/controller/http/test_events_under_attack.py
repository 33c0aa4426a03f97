"""/events through the real listener while others misuse it: each of them is refused and told why, and what honest senders send is there.

The single bounds have their own tests in test_protocol; here they hold at once, on the store that production has.
"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path

import pytest

from attune_controller.http.app import build_public_app
from attune_controller.http.listener import Listener
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.values import JsonObject
from attune_core.wire.cloudevents_http import LINES, STRUCTURED
from tests.controller.http.house import House
from tests.controller.http.serving import QUICK, Wire, listening, post, wire


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    store = await open_sqlite_store(tmp_path / "store")
    yield House(tmp_path, store)
    await store.close()


def event(number: int) -> bytes:
    plain: JsonObject = {"specversion": "1.0", "id": f"{number}", "source": "/m", "type": "web.alert", "data": {"unit": f"u{number}"}}
    return json.dumps(plain).encode()


class Attack:
    """The heads that attackers send, all with a good token, because the bounds hold for friends too."""

    def __init__(self, token: str) -> None:
        self.token = f"Authorization: Bearer {token}"

    def head(self, *headers: str, media_type: str = STRUCTURED) -> str:
        lines = ("POST /events HTTP/1.1", "Host: localhost", self.token, f"Content-Type: {media_type}", *headers)
        return "\r\n".join(lines) + "\r\n"

    async def slow_header(self, open_wire: Wire) -> None:
        await open_wire.send(self.head())

    async def slow_body(self, open_wire: Wire) -> None:
        await open_wire.send(self.head("Content-Length: 1000") + "\r\n{")

    async def slow_lines(self, open_wire: Wire) -> None:
        await open_wire.send(self.head("Transfer-Encoding: chunked", media_type=LINES) + "\r\n1\r\n{\r\n")

    async def endless_chunks(self, open_wire: Wire) -> None:
        await open_wire.send(self.head("Transfer-Encoding: chunked") + "\r\n")
        await _until_closed(open_wire, b"10000\r\n" + b" " * 65536 + b"\r\n")

    async def endless_lines(self, open_wire: Wire) -> None:
        await open_wire.send(self.head("Transfer-Encoding: chunked", media_type=LINES) + "\r\n")
        await _until_closed(open_wire, b"10000\r\n" + b"\n" * 65536 + b"\r\n")

    async def two_lengths(self, open_wire: Wire) -> None:
        await open_wire.send(self.head("Content-Length: 5", "Transfer-Encoding: chunked") + "\r\n0\r\n\r\n")

    async def large_header(self, open_wire: Wire) -> None:
        await open_wire.send(self.head("X-Large: " + "x" * (1 << 20)))

    async def pipelined(self, open_wire: Wire) -> None:
        body = event(-1).decode()
        await open_wire.send((self.head(f"Content-Length: {len(body)}", media_type="text/plain") + "\r\n" + body) * 2)

    async def large_body(self, open_wire: Wire) -> None:
        await open_wire.send(self.head(f"Content-Length: {300 << 20}", media_type=LINES) + "\r\n")

    async def gzip_bomb(self, open_wire: Wire) -> None:
        bomb = gzip.compress(b" " * (10 << 20))
        await open_wire.send((self.head(f"Content-Length: {len(bomb)}", "Content-Encoding: gzip") + "\r\n").encode() + bomb)

    async def form(self, open_wire: Wire) -> None:
        await open_wire.send(self.head("Content-Length: 3", media_type="application/x-www-form-urlencoded") + "\r\na=b")


#: What is sent, and how it is answered.
ATTACKS: tuple[tuple[Callable[[Attack, Wire], Coroutine[None, None, None]], int], ...] = (
    (Attack.slow_header, 408),
    (Attack.slow_body, 408),
    (Attack.slow_lines, 408),
    (Attack.endless_chunks, 413),
    (Attack.endless_lines, 413),
    (Attack.two_lengths, 400),
    (Attack.large_header, 431),
    (Attack.pipelined, 415),
    (Attack.large_body, 413),
    (Attack.gzip_bomb, 415),
    (Attack.form, 415),
)


async def _until_closed(open_wire: Wire, chunk: bytes) -> None:
    try:
        for _ in range(1000):
            await open_wire.send(chunk)
    except ConnectionError:
        return


async def _attack(listener: Listener, attack: Attack, sends: Callable[[Attack, Wire], Coroutine[None, None, None]]) -> int:
    async with wire(listener) as open_wire:
        sending = asyncio.create_task(sends(attack, open_wire))
        answer = await open_wire.answer()
        await open_wire.end()
        sending.cancel()
        await asyncio.wait({sending})
    return answer.status


async def test_each_attacker_is_told_and_honest_senders_are_heard_meanwhile(house: House) -> None:
    object.__setattr__(house.parts, "lines_bytes", 2 << 20)
    _, token = await house.tokens.create("sender", ["events:send"])
    limits = replace(QUICK, longer_bodies={b"/events": 2 << 20})
    attack, honest = Attack(token), [f"Authorization: Bearer {token}", f"Content-Type: {STRUCTURED}"]
    async with listening(build_public_app(house.parts), limits=limits) as listener:
        attacking = [asyncio.create_task(_attack(listener, attack, sends)) for sends, _ in ATTACKS]
        accepted = 0
        while not all(one.done() for one in attacking):
            async with wire(listener) as open_wire:
                await open_wire.send(post(event(accepted), *honest, path="/events"))
                assert (await open_wire.answer()).status == 202
            accepted += 1
        told = {sends.__name__: one.result() for (sends, _), one in zip(ATTACKS, attacking, strict=True)}
    assert told == {sends.__name__: status for sends, status in ATTACKS}
    stored = (await house.store.events(before=None, limit=10_000)).events
    assert [one.new.id for one in reversed(stored)] == [f"{number}" for number in range(accepted)]


async def test_in_a_flood_of_ten_times_what_fits_everything_accepted_is_there_and_the_rest_was_told(house: House) -> None:
    house.backlog.limit = 100
    _, token = await house.tokens.create("sender", ["events:send"])
    headers = [f"Authorization: Bearer {token}", f"Content-Type: {STRUCTURED}"]
    answers: dict[int, tuple[int, str]] = {}
    numbers = iter(range(1000))

    async def send(listener: Listener) -> None:
        async with wire(listener) as open_wire:
            for number in numbers:
                await open_wire.send(post(event(number), *headers, path="/events"))
                answer = await open_wire.answer()
                answers[number] = answer.status, answer.headers.get("retry-after", "")

    async with listening(build_public_app(house.parts)) as listener:
        await asyncio.gather(*(send(listener) for _ in range(40)))
    accepted = {f"{number}" for number, (status, _) in answers.items() if status == 202}
    assert len(answers) == 1000
    assert {told for number, told in answers.items() if f"{number}" not in accepted} == {(429, "1")}
    assert {one.new.id for one in (await house.store.events(before=None, limit=10_000)).events} == accepted
    assert 100 <= len(accepted) < 100 + 40, "no more than were under way when the bound was reached"
