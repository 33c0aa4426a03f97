"""Sensors as real processes under a real executor and a real agent, with a stub for a controller."""

from tests.agent.executor.hosted import Hosted, lines
from tests.agent.sensors.sensing import event, sensing
from tests.waiting import eventually

#: Prints an event for each line that is put into a file.
FOLLOW = "tail -n +1 -s 0.02 -f OPEN/{name} | while read -r n; do {event}; done"


async def test_what_a_sensor_prints_becomes_events_in_order(executor: Hosted) -> None:
    async with sensing(executor) as host:
        host.serve_sensors({"disk": f"cat > OPEN/document; for n in 1 2 3; do {event('$n')}; done; exec sleep 100"})
        host.assign(host.assignment("disk", config={"path": "/srv"}))
        await eventually(lambda: host.counted("disk") == [1, 2, 3], what="its events")
        assert lines(executor.open / "document") == ['{"config":{"path":"/srv"}}']
        first = host.events("disk")[0]
        run = str(host.status("disk")["run"] or str(first["id"]).partition(":")[0])
        assert [one["id"] for one in host.events("disk")] == [f"{run}:{offset}" for offset in (0, 38, 76)]
        await eventually(lambda: host.status("disk")["state"] == "running", what="its status")
        host.assign()
        await eventually(lambda: not list(host.spools.iterdir()), what="nothing of it left")
