"""The real agent program: paused by its own host's agent.yaml, or by an operator, through kill -9 and without a controller."""

import json
import os
import signal
from collections.abc import AsyncIterator

import pytest

from attune_core.marks import Mark
from attune_core.wire.stream_frames import Pause, PauseFrame
from tests.agent.executor.hosted import hosted, lines
from tests.agent.living import Living, living
from tests.waiting import eventually

MARK = Mark(note="disk swap", by="ops", since=1_769_860_800.0)
SAYS = 'echo "$ATTUNE_EXECUTION_ID" >> WITNESS'


@pytest.fixture
async def host() -> AsyncIterator[Living]:
    with hosted("uids" if os.geteuid() == 0 else "unprivileged") as executor:
        executor.open.chmod(0o777)
        async with living(executor) as it:
            it.witness.touch()
            it.witness.chmod(0o666)
            it.serve_script(SAYS)
            yield it


async def says(host: Living, **fields: object) -> None:
    """Wait until the newest status has these fields."""
    await eventually(lambda: bool(host.stub.said("status")) and host.stub.said("status")[-1].items() >= fields.items(), what=f"{fields}")


def write_settings(host: Living, **keys: str) -> None:
    (host.executor.place / "agent.yaml").write_text(json.dumps({"slots": 3, **keys}))
    os.kill(host.pid, signal.SIGHUP)


async def test_the_host_pauses_its_agent_and_ends_that_without_a_restart(host: Living) -> None:
    write_settings(host, paused="disk swap, ask ops")
    await eventually(lambda: "pause of the host" in host.log.read_text())
    host.send("e-1")
    host.send("e-2")
    await eventually(lambda: any(ack["last"] == 2 for ack in host.stub.said("ack")), what="both on disk")
    await says(host, host_pause="disk swap, ask ops")
    assert lines(host.witness) == []
    host.settings["paused"] = "disk swap, ask ops"
    host.kill()
    host.start()
    await host.connected()
    await says(host, host_pause="disk swap, ask ops")
    write_settings(host, paussed="no")
    await eventually(lambda: "agent.yaml is refused" in host.log.read_text())
    assert lines(host.witness) == [], "a file that is refused ends no pause"
    write_settings(host)
    assert await host.wrote(2) == ["e-1", "e-2"]


async def test_an_operator_s_pause_holds_through_kill_9_while_the_controller_is_away(host: Living) -> None:
    host.stub.send(PauseFrame(n=0, body=Pause(mark=MARK)))
    host.send("e-1")
    await eventually(lambda: bool(host.stub.said("ack")))
    host.stub.answers["/agent/v1/hello"] = (503, b"{}")
    host.kill()
    host.start()
    await eventually(lambda: "executor found" in host.log.read_text().rpartition("agent running")[2])
    await eventually(lambda: "no session" in host.log.read_text().rpartition("agent running")[2])
    assert lines(host.witness) == []
    host.stub.welcome = {"paused": MARK.model_dump()}
    del host.stub.answers["/agent/v1/hello"]
    await host.connected()
    await says(host, paused=True)
    assert lines(host.witness) == []
    host.stub.send(PauseFrame(n=0, body=Pause()))
    assert await host.wrote(1) == ["e-1"]
