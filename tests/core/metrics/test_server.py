"""The listener for those who watch: three paths, plain words, and nothing that a rude client can hold on to."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from attune_core.addresses import Address
from attune_core.errors import AttuneError
from attune_core.metrics import server
from attune_core.metrics.family import Family, Queue, counter, gauge, queue_families
from attune_core.metrics.server import MetricsPortRefused, MetricsServer
from tests.exposed import samples
from tests.free_ports import free_port, listens
from tests.waiting import eventually


class Program:
    """What is watched."""

    reasons: Sequence[str] = ()
    broken = False

    async def families(self) -> Sequence[Family]:
        if self.broken:
            raise AttuneError("the store is gone: /secret/place")
        return [
            gauge("ready", "Whether.", not self.reasons),
            counter("events", "Events.", "result", {"accepted": 3, 'odd "label"\n': 1}),
            *queue_families([Queue(name="backlog", depth=5, bound=10)]),
        ]

    def not_ready(self) -> Sequence[str]:
        return self.reasons


@asynccontextmanager
async def watched(program: Program) -> AsyncIterator[int]:
    port = free_port()
    running = asyncio.create_task(MetricsServer(program, Address(host="127.0.0.1", port=port)).run())
    try:
        await eventually(lambda: listens(port), what="the listener")
        yield port
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def ask(port: int, request: bytes) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    with suppress(ConnectionResetError):  # what it does not read cuts the connection
        writer.write(request)
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]) if head else 0, body


def get(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode()


async def test_numbers_are_what_prometheus_reads() -> None:
    async with watched(Program()) as port:
        await ask(port, get("/metrics"))
        status, body = await ask(port, get("/metrics?name=x"))
    assert status == 200
    seen = samples(body.decode())
    assert seen["attune_ready",] == 1
    assert seen["attune_events_total", "accepted"] == 3
    assert seen["attune_events_total", 'odd "label"\n'] == 1
    assert (seen["attune_queue_depth", "backlog"], seen["attune_queue_bound", "backlog"]) == (5, 10)
    assert seen["process_resident_memory_bytes",] > 0


async def test_health_and_readiness_are_words_and_a_status() -> None:
    program = Program()
    async with watched(program) as port:
        assert await ask(port, get("/health")) == (200, b'{"status":"ok"}\n')
        assert await ask(port, get("/ready")) == (200, b'{"ready":true,"reasons":[]}\n')
        program.reasons = ["no session"]
        assert await ask(port, get("/ready")) == (503, b'{"ready":false,"reasons":["no session"]}\n')
        program.broken = True
        assert await ask(port, get("/metrics")) == (503, b'{"code": "ATT900"}\n')


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (get("/"), 404),
        (get("/metrics", "POST"), 405),
        (get("/../etc/passwd"), 404),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 404),
        (b"GET\r\n\r\n", 404),
        (b"GET /metrics\xff HTTP/1.1\r\n\r\n", 404),
        (b"GET /health HTTP/1.1\r\n" + b"x: y\r\n" * 5000 + b"\r\n", 400),
    ],
)
async def test_everything_else_is_refused_shortly(request_bytes: bytes, status: int) -> None:
    async with watched(Program()) as port:
        found, body = await ask(port, request_bytes)
    assert found in {status, 0} if status == 400 else found == status  # what was not read may cut the connection before its answer
    assert len(body) < 100


async def test_who_says_nothing_is_let_go_and_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0.2)
    async with watched(Program()) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(server.CONNECTIONS)]
        assert await ask(port, get("/health")) == (0, b""), "one more than there is room for"
        assert [await reader.read() for reader, _ in silent] == [b""] * server.CONNECTIONS
        for _, writer in silent:
            writer.close()
        assert (await ask(port, get("/health")))[0] == 200


async def test_an_address_that_is_taken_is_said() -> None:
    async with watched(Program()) as port:
        with pytest.raises(MetricsPortRefused, match=f"127.0.0.1:{port}"):
            await MetricsServer(Program(), Address(host="127.0.0.1", port=port)).run()


def test_nothing_of_it_is_loaded_until_somebody_asks_for_it() -> None:
    loaded = "import sys, attune_controller.app, attune_agent.app; print('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "False\n"
