"""The real controller program while its disk is full, gone, or another one (rows 35, 37, 38 and 39 of reliability.md)."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_cli.client import Client
from attune_cli.errors import RequestFailed
from attune_core.wire.api import EventView, StatusView
from tests.controller.place import Place, observed, send
from tests.controller.reconcile.conftest import FILES
from tests.small_disk import fill, loop_disk, lose, small_disk
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.root]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    it = Place(tmp_path)
    yield it
    for program in it.programs:
        program.kill()


def alarms(client: Client) -> list[str]:
    return client.get("/v1/status", StatusView).alarms


def send_until_full(client: Client) -> list[int]:
    """Send events until one is refused for want of space; return the positions of those that were answered."""
    positions: list[int] = []
    try:
        while True:
            positions.append(send(client, f"full-{len(positions)}-{'x' * 200}").position)
    except RequestFailed as refused:
        assert refused.code == "ATT604"
    return positions


def test_a_full_disk_is_an_alarm_and_no_loss(place: Place) -> None:
    commit = place.pushes.publish(FILES)
    place.state.parent.mkdir(exist_ok=True)
    with small_disk(place.state, "24m"):
        program = place.start()
        with place.ready(program) as client:
            wait_until(lambda: observed(client, commit))
            first = send(client, "first").position
            filler = fill(place.state)
            positions = [first, *send_until_full(client)]
            wait_until(lambda: bool(alarms(client)) and '"disk_full"' in program.log.read_text())
            assert client.get(f"/v1/events/{first}", EventView).id == "first"
            filler.unlink()
            wait_until(lambda: not alarms(client))
            positions.append(send(client, "after").position)
            for position in positions:
                wait_until(lambda: client.get(f"/v1/events/{position}", EventView).status == "planned")  # noqa: B023
            wait_until(lambda: '"disk_has_room_again"' in program.log.read_text())


def test_a_disk_that_is_gone_ends_the_controller(place: Place) -> None:
    commit = place.pushes.publish(FILES)
    with loop_disk(place.state):
        program = place.start()
        with place.ready(program) as client:
            wait_until(lambda: observed(client, commit))
            lose(place.state)
            assert program.wait() == 3
    # What SQLite finds first decides: a write that fails, or a page that is not what it was.
    assert {"ATT600", "ATT607"} & set(re.findall(r"ATT\d{3}", program.log.read_text()))
    assert "Traceback" not in program.log.read_text()


@pytest.mark.parametrize("now", ["removed", "replaced"])
def test_a_database_that_is_not_the_opened_one_any_more_ends_the_controller(place: Place, now: str) -> None:
    program = place.start()
    place.listening(program)
    database = place.state / "store/store.sqlite"
    content = database.read_bytes()
    database.unlink()
    if now == "replaced":
        database.write_bytes(content)
    assert program.wait() == 3
    assert "ATT654" in program.log.read_text()
    assert str(database) in program.log.read_text()
