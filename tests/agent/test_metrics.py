"""The agent's numbers, from the real program: what it has in hand, and whether its controller and its executor are there."""

import os
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.agent.executor.hosted import hosted
from tests.agent.living import Living, living
from tests.exposed import samples
from tests.free_ports import free_port, listens
from tests.waiting import eventually


@pytest.fixture
async def host() -> AsyncIterator[tuple[Living, int]]:
    port = free_port()
    with hosted("uids" if os.geteuid() == 0 else "unprivileged") as executor:
        async with living(executor, settings={"metrics": {"listen": f"127.0.0.1:{port}"}}) as it:
            await eventually(lambda: listens(port), what="the listener")
            yield it, port


async def test_it_says_what_it_has_and_whether_it_can_work(host: tuple[Living, int]) -> None:
    living_agent, port = host
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as watcher:

        async def numbers() -> dict[tuple[str, ...], float]:
            text = (await watcher.get("/metrics")).raise_for_status().text
            return samples(text)

        living_agent.serve_script("exit 0")
        living_agent.send("e-1")
        await living_agent.settled("e-1")
        seen = await numbers()
        assert (seen["attune_ready",], seen["attune_controller_connected",], seen["attune_executor_connected",]) == (1, 1, 1)
        assert (seen["attune_queue_depth", "slots"], seen["attune_queue_bound", "slots"]) == (0, 3)
        assert seen["attune_free_bytes",] > 0
        assert seen["attune_sensors", "running"] == 0
        assert (await watcher.get("/health")).json() == {"status": "ok"}
        assert (await watcher.get("/ready")).status_code == 200
        living_agent.executor.kill()

        reasons: list[str] = []
        for _ in range(200):
            reasons = (await watcher.get("/ready")).json()["reasons"]
            if reasons:
                break
        assert reasons == ["no connection to the executor"]
