"""The controller as a program: started, asked, ended in every way, started again."""

import hashlib
import hmac
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import apsw
import httpx2
import pytest

from attune_core.wire.api import EventView
from tests.controller.live import live
from tests.controller.place import Place, observed, send
from tests.controller.reconcile.conftest import FILES
from tests.waiting import eventually, wait_until

HOOK = """\
verify: github
secret: ${{ controller.secrets.github }}
trigger: web.${{ headers["x-github-event"] }}
allow: [alert]
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    it = Place(tmp_path)
    yield it
    for program in it.programs:
        program.kill()


@pytest.mark.flow
def test_killed_at_any_time_it_goes_on_with_what_it_answered(place: Place) -> None:
    commit = place.pushes.publish(FILES)
    program = place.start()
    planned: dict[int, list[str]] = {}
    for life in range(4):
        with place.ready(program) as client:
            wait_until(lambda: observed(client, commit))
            positions = [send(client, f"{life}-{number}").position for number in range(5)]
            program.kill()
        (place.state / "listening.json").unlink()
        program = place.start()
        with place.ready(program) as client:
            for position in positions:
                wait_until(lambda: client.get(f"/v1/events/{position}", EventView).status == "planned")  # noqa: B023
                planned[position] = client.get(f"/v1/events/{position}", EventView).executions
            for position, executions in planned.items():
                assert client.get(f"/v1/events/{position}", EventView).executions == executions
    assert len(planned) == 20, "the first position is that of the revision, which is an event too"
    assert all(len(executions) == 1 for executions in planned.values())


@pytest.mark.flow
def test_it_stops_in_order_and_leaves_nothing_that_others_may_read(place: Place) -> None:
    program = place.start()
    place.listening(program)
    for path in place.state.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    limits = Path(f"/proc/{program.pid}/limits").read_text().splitlines()
    assert next(line.split()[4] for line in limits if line.startswith("Max core file size")) == "0"
    program.signal(signal.SIGTERM)
    assert program.wait() == 0
    assert not (place.state / "listening.json").exists()
    events = [json.loads(line)["event"] for line in program.log.read_text().splitlines()]
    # The loops go on until the listeners are closed, so a sync (of which there is nothing to fetch) may speak at any time before the end.
    assert [event for event in events if event.startswith("controller_")] == [
        "controller_ready",
        "controller_stopping",
        "controller_stopped",
    ]
    assert events[-1] == "controller_stopped"


@pytest.mark.flow
def test_a_second_controller_on_one_state_directory_refuses_to_start(place: Place) -> None:
    first = place.start()
    listening = place.listening(first)
    second = place.start()
    assert second.wait() == 3
    assert "ATT601" in second.log.read_text()
    assert "Traceback" not in second.log.read_text()
    assert place.listening(first) == listening
    assert first.running


@pytest.mark.flow
def test_a_port_in_use_is_named(place: Place) -> None:
    address = place.listening(place.start())["public"].partition("://")[2]
    place.state = place.folder / "other"
    second = place.start(public=address)
    assert second.wait() == 3
    assert "ATT643" in second.log.read_text()
    assert address in second.log.read_text()
    assert "Traceback" not in second.log.read_text()


async def test_a_signed_hook_that_the_settings_name_makes_it_look_at_once(tmp_path: Path) -> None:
    secrets = tmp_path / "state/secrets"
    secrets.mkdir(parents=True)
    (secrets / "github").write_text("hunter2hunter2\n")
    (secrets / "github").chmod(0o600)
    async with live(tmp_path, FILES | {"webhooks/github.yaml": HOOK}, poll="1h", nudged_by="github") as it:
        commit = it.pushes.publish({"README.md": "new"})
        body = json.dumps({"unit": "nginx"}).encode()
        signature = hmac.new(b"hunter2hunter2", body, hashlib.sha256).hexdigest()
        headers = {"x-hub-signature-256": f"sha256={signature}", "x-github-event": "alert", "x-github-delivery": "d1"}
        before = (await it.status()).sync.observed_revision
        refused = await it.client.post("/hooks/github", content=body, headers=headers | {"x-hub-signature-256": "sha256=00"})
        assert refused.status_code == httpx2.codes.UNAUTHORIZED
        assert (await it.status()).sync.observed_revision == before != commit
        assert (await it.client.post("/hooks/github", content=body, headers=headers)).is_success
        await it.live_at(commit)


async def test_a_part_that_fails_for_good_ends_the_controller_with_its_error(tmp_path: Path) -> None:
    async def lose_the_store() -> None:
        async with live(tmp_path, FILES) as it:
            # As long as somebody else has it open, the log of the database stays when the controller's connections are closed.
            other = apsw.Connection(str(tmp_path / "state/store/store.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
            assert other.execute("SELECT count(*) FROM events").get
            await it.controller.store.close()
            await eventually(it.running.done)

    with pytest.raises(ExceptionGroup) as ended:
        await lose_the_store()
    assert ended.group_contains(Exception, match="ATT605")
