"""Every bound of a connection, on real sockets: what is beyond it is refused early, and the connection ends."""

import asyncio
import resource
import socket
from contextlib import suppress

import pytest
from starlette.types import Receive, Scope, Send

from attune_controller.http.limits import HttpLimits
from attune_controller.http.protocol import PEER
from tests.controller.http.serving import QUICK, Echo, listening, port_of, post, reply, wire
from tests.waiting import eventually


async def test_a_request_is_answered_and_the_connection_stays_open_for_the_next() -> None:
    echo = Echo()
    async with listening(echo) as listener, wire(listener) as connection:
        for count in (3, 0, 70_000):
            await connection.send(post(b"x" * count))
            answer = await connection.answer()
            assert (answer.status, answer.body) == (200, str(count).encode())
            assert "server" not in answer.headers
            assert answer.headers["date"].endswith("GMT")
    assert echo.scopes[0]["extensions"] == {}
    assert PEER == "attune.peer"


async def test_a_sender_that_asks_first_may_send_its_body() -> None:
    async with listening(Echo()) as listener, wire(listener) as connection:
        for _ in range(2):
            await connection.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            async with asyncio.timeout(10):
                assert await connection.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            await connection.send("abc")
            answer = await connection.answer()
            assert (answer.status, answer.body) == (200, b"3")


async def test_a_slow_header_is_answered_with_408_and_closed() -> None:
    async with listening(Echo(), limits=QUICK) as listener, wire(listener) as connection:
        await connection.send("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        answer = await connection.answer()
        assert (answer.status, answer.failure().code) == (408, "ATT403")
        assert await connection.end() == b""


async def test_a_header_that_drips_byte_by_byte_does_not_win_time() -> None:
    async with listening(Echo(), limits=QUICK) as listener, wire(listener) as connection:

        async def drip() -> None:
            while True:
                await connection.send("a")
                await asyncio.sleep(0.05)

        await connection.send("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        dripping = asyncio.create_task(drip())
        answer = await connection.answer()
        dripping.cancel()
        assert answer.status == 408


async def test_a_connection_that_says_nothing_is_closed() -> None:
    async with listening(Echo(), limits=QUICK) as listener, wire(listener) as connection:
        assert b"408" in await connection.end()


async def test_an_idle_connection_is_closed_even_when_it_sends_empty_lines() -> None:
    async with listening(Echo(), limits=QUICK) as listener, wire(listener) as connection:
        await connection.send(post())
        assert (await connection.answer()).status == 200
        for _ in range(3):
            await connection.send("\r\n")
            await asyncio.sleep(0.1)
        assert b"408" in await connection.end()


async def test_an_idle_connection_is_closed_silently() -> None:
    async with listening(Echo(), limits=QUICK) as listener, wire(listener) as connection:
        await connection.send(post())
        assert (await connection.answer()).status == 200
        assert await connection.end() == b""


@pytest.mark.parametrize(
    "header",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: " + b"a" * (1 << 20),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: " + b"a" * (33 << 10) + b"\r\n\r\n",
        b"GET /" + b"a" * (33 << 10) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a: b\r\n" * 9000 + b"\r\n",
    ],
    ids=["a megabyte without end", "one field", "the path", "many fields"],
)
async def test_a_header_over_the_bound_is_answered_with_431(header: bytes) -> None:
    echo = Echo()
    async with listening(echo) as listener, wire(listener) as connection:
        await connection.send(header)
        answer = await connection.answer()
        assert (answer.status, answer.failure().code) == (431, "ATT402")
    assert echo.paths == []


async def test_a_header_just_under_the_bound_is_taken() -> None:
    async with listening(Echo()) as listener, wire(listener) as connection:
        await connection.send(post(b"x", "X-Large: " + "a" * (31 << 10)))
        assert (await connection.answer()).status == 200


async def test_a_body_whose_length_is_over_the_bound_is_refused_before_it_is_read() -> None:
    echo = Echo()
    async with listening(echo) as listener, wire(listener) as connection:
        await connection.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 314572800\r\nExpect: 100-continue\r\n\r\n")
        answer = await connection.answer()
        assert (answer.status, answer.failure().code) == (413, "ATT404")
        assert answer.headers["connection"] == "close"
    assert echo.paths == []


async def test_300_mib_are_refused_with_flat_memory_and_the_client_reads_why() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    chunk = b"x" * (1 << 20)
    async with listening(Echo()) as listener, wire(listener) as connection:
        await connection.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")

        async def flood() -> None:
            for _ in range(300):
                await connection.send(b"100000\r\n" + chunk + b"\r\n")

        flooding = asyncio.create_task(flood())
        answer = await connection.answer()
        assert answer.status == 413
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 << 10  # KiB


async def test_a_chunked_body_without_end_is_refused_at_the_bound_and_the_application_finds_the_client_gone() -> None:
    echo = Echo()
    async with listening(echo, limits=HttpLimits(body_bytes=10_000)) as listener, wire(listener) as connection:
        await connection.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(11):
            await connection.send(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        assert (await connection.answer()).status == 413
        await eventually(lambda: echo.gone == 1)
    assert echo.bodies == []


async def test_a_slow_body_is_answered_with_408() -> None:
    echo = Echo()
    async with listening(echo, limits=QUICK) as listener, wire(listener) as connection:
        await connection.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx")
        answer = await connection.answer()
        assert (answer.status, answer.failure().code) == (408, "ATT405")
        await eventually(lambda: echo.gone == 1)


async def test_a_body_that_drips_below_the_rate_is_refused_and_one_above_it_is_taken() -> None:
    async def send_slowly(piece: int) -> int:
        async with wire(listener) as connection:
            await connection.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n")

            async def drip() -> None:
                for _ in range(2000 // piece):
                    await connection.send(b"x" * piece)
                    await asyncio.sleep(0.04)

            dripping = asyncio.create_task(drip())
            status = (await connection.answer()).status
            dripping.cancel()
            return status

    async with listening(Echo(), limits=QUICK) as listener:
        assert await send_slowly(1) == 408
        assert await send_slowly(100) == 200


async def test_a_body_after_an_early_answer_is_still_bounded() -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, b"no", 401)

    limits = HttpLimits(body_bytes=100_000, body_window=0.3, keep_alive=0.2)
    async with listening(refuse, limits=limits) as listener, wire(listener) as connection:
        await connection.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        assert (await connection.answer()).status == 401
        assert await connection.end() == b""  # too slow, and it has its answer
    async with listening(refuse, limits=limits) as listener, wire(listener) as connection:
        await connection.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000\r\n\r\n")
        assert (await connection.answer()).status == 401
        await connection.send(b"x" * 50_000 + post(b"yy"))
        assert (await connection.answer()).status == 401  # the rest was thrown away, and the connection is good for another request


@pytest.mark.parametrize(
    "request_text",
    [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "GET \x80 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET a:b:c HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
async def test_what_is_no_request_or_has_two_meanings_is_answered_with_400_and_closed(request_text: str) -> None:
    echo = Echo()
    async with listening(echo, limits=QUICK) as listener, wire(listener) as connection:
        await connection.send(request_text.encode("latin-1"))
        answer = await connection.answer()
        assert (answer.status, answer.failure().code) == (400, "ATT406")
        assert await connection.end() == b""
    assert echo.paths == []


async def test_chunked_sizes_that_lie_are_refused() -> None:
    async with listening(Echo(), limits=QUICK) as listener, wire(listener) as connection:
        await connection.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n")
        assert (await connection.answer()).status == 400


async def test_pipelined_requests_get_the_first_answer_only() -> None:
    echo = Echo()
    async with listening(echo) as listener, wire(listener) as connection:
        await connection.send(post(b"one", path="/one") + post(b"two", path="/two") * 1000)
        answer = await connection.answer()
        assert (answer.status, answer.body) == (200, b"3")
        assert await connection.end() == b""
    assert echo.paths == ["/one"]


async def test_pipelining_while_an_answer_is_under_way_ends_the_connection_after_it() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await go_on.wait()
        await reply(send, b"done")

    async with listening(slow) as listener, wire(listener) as connection:
        await connection.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        await begun.wait()
        await connection.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.sleep(0.05)
        go_on.set()
        answer = await connection.answer()
        assert (answer.status, answer.body) == (200, b"done")
        assert await connection.end() == b""


async def test_a_client_that_never_reads_is_cut() -> None:
    async def flood(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(10_000):  # 640 MB, if anybody took them
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})

    async with listening(flood, limits=QUICK) as listener, wire(listener) as connection:
        connection.writer.transport.pause_reading()  # type: ignore[attr-defined]  # what a client that never reads does
        await connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually(lambda: not listener.open_connections, what="the connection being cut")


async def test_a_client_that_sips_is_cut_although_it_takes_something_now_and_then() -> None:
    async def whole(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, b"x" * (16 << 20))

    async def sip(client: socket.socket) -> None:
        some = b"x"
        with suppress(OSError):
            while some:
                some = await asyncio.get_running_loop().sock_recv(client, 16_384)
                await asyncio.sleep(0.02)

    async with listening(whole, limits=QUICK) as listener:
        with socket.create_connection(("127.0.0.1", port_of(listener))) as client:
            client.settimeout(0)
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            sipping = asyncio.create_task(sip(client))
            await eventually(lambda: listener.open_connections == 1)
            await eventually(lambda: listener.open_connections == 0, timeout=5, what="the connection being cut")
            sipping.cancel()
            await asyncio.gather(sipping, return_exceptions=True)


async def test_a_client_that_half_closes_or_vanishes_leaves_nothing_behind() -> None:
    echo = Echo()
    async with listening(echo) as listener:
        async with wire(listener) as connection:
            await connection.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
            await eventually(lambda: echo.paths == ["/"])
        await eventually(lambda: echo.gone == 1)
        await eventually(lambda: not listener.open_connections)
