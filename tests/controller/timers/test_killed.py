"""A controller that is killed again and again: each due time is one event all the same (kill -9 on real processes)."""

import json
import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from attune_cli.authority import local_access
from attune_cli.client import Client
from attune_cli.commands.timer import list_timers
from attune_core.failpoints import NAMES, SWITCH
from attune_core.wire.api import EventView, Page
from tests.controller.place import Place, observed
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(300)]

TIMER = "description: Each second\nevery: 1s\nmisfire: all\nat_most: 1000\n"
FILES = {
    "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
    "packs/web/pack.yaml": "name: web\nversion: 1.0.0\ndescription: The web tier\n",
    "packs/web/timers/second.yaml": TIMER,
}


def ids(client: Client) -> list[str]:
    return [one.id for one in client.pages("/v1/events", Page[EventView], {}, most=10_000) if one.type == "web.second"]


@pytest.mark.parametrize("kills", [1, pytest.param(30, marks=pytest.mark.soak)])
def test_no_second_is_lost_or_doubled(
    tmp_path: Path, kills: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    switch = tmp_path / "switch"
    place = Place(tmp_path)
    place.environment = {NAMES: "c1,c2", SWITCH: os.fspath(switch)}
    commit = place.pushes.publish(FILES)
    for kill in range(kills):
        controller = place.start()
        with place.ready(controller) as client:
            wait_until(lambda: observed(client, commit), what="the revision")
            switch.write_text(("c2", "c1")[kill % 2] if kill < 10 else f"c{random.choice('12')}:{random.choice('123')}")
            wait_until(lambda: not controller.running, what="its death")  # noqa: B023 - it is called at once
        (place.state / "listening.json").unlink()  # where the dead one listened
    controller = place.start()
    with place.ready(controller) as client:
        before = len(ids(client))
        wait_until(lambda: len(ids(client)) > before, what="one more tick")
        found = ids(client)[::-1]
        monkeypatch.setattr("attune_cli.profiles.load_profile", lambda _name: local_access(place.state))
        list_timers(json=True)
    controller.kill()
    (shown,) = json.loads(capsys.readouterr().out)
    assert (shown["ref"], shown["schedule"], shown["misfire"], shown["missed"]) == ("web.second", "every 1s", "all", 0)
    assert shown["last_due"] >= found[-1]
    assert shown["next_due"] > shown["last_due"]
    moments = [int(datetime.fromisoformat(one).astimezone(UTC).timestamp()) for one in found]
    assert moments == list(range(moments[0], moments[0] + len(moments)))
