"""The controller's numbers, through its real listeners: what happens is counted, and labels are of closed lists."""

from pathlib import Path

import httpx2

from attune_controller.settings import Metrics
from attune_core.states import Outcome
from tests.controller.live import live, until
from tests.exposed import Samples, samples
from tests.free_ports import free_port

FILES = {
    "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
    "packs/web/pack.yaml": "name: web\nversion: 1.0.0\ndescription: The web tier\n",
    "packs/web/triggers/alert.yaml": "description: An alert\ndata: {type: object, required: [unit], properties: {unit: {type: string}}}\n",
    "packs/web/actions/restart.yaml": "description: Restart\nrun: [systemctl]\nparameters: {unit: {type: string}}\n",
    "packs/web/rules/on_alert.yaml": (
        "description: Restart it\ntrigger: web.alert\naction: web.restart\ninput: {unit: '${{ event.data.unit }}'}\n"
        "agents: {match: {role: web}}\n"
    ),
    "packs/web/timers/yearly.yaml": "description: Rarely\ncron: '@yearly'\n",
}


async def test_what_happens_is_counted_and_shown_to_whoever_may_watch(tmp_path: Path) -> None:
    port = free_port()
    place = f"127.0.0.1:{port}"
    async with (
        live(tmp_path, FILES, **{"metrics.listen": place}) as it,
        httpx2.AsyncClient(base_url=f"http://{place}", trust_env=False) as watcher,
    ):
        assert it.settings.metrics == Metrics(listen=place)

        async def numbers() -> Samples:
            return samples((await watcher.get("/metrics")).raise_for_status().text)

        first = await it.event({"unit": "a"}, "1")
        await it.event({"unit": "a"}, "1")
        await it.event({"unit": 5}, "2")
        (made,) = await it.executions(first.position)

        async def planned() -> bool:
            return (await numbers())["attune_events_waiting",] == 0

        await until(planned)
        seen = await numbers()
        found = {word: seen["attune_events_total", word] for word in ("accepted", "duplicate", "dead_letter")}
        assert found == {"accepted": 1, "duplicate": 1, "dead_letter": 1}
        assert seen["attune_dead_letters",] == 1
        assert (seen["attune_executions_unsettled",], seen["attune_queue_depth", "backlog"]) == (1, 1)
        assert seen["attune_queue_bound", "backlog"] == 1_000_000
        assert seen["attune_queue_depth", "public_connections"] >= 1
        assert (seen["attune_ready",], seen["attune_sync_failing",], seen["attune_timers",]) == (1, 0, 1)
        assert {words[1] for words in seen if words[0] == "attune_executions_settled_total"} == {one.value for one in Outcome}
        assert (await it.post(f"/v1/executions/{made.id}/cancel", {})).is_success

        async def ended() -> bool:
            return (await numbers())["attune_executions_settled_total", "cancelled"] == 1

        await until(ended)
        assert (await watcher.get("/ready")).json() == {"ready": True, "reasons": []}
        assert (await it.get("/ready")).json() == {"ready": True, "reasons": []}
