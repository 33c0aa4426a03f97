"""docs/howto/send-events.md, done by the letter beside a real API: its file is imported, its commands run, what it prints is printed."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from attune_cli.commands.event import replay
from attune_cli.errors import BadArgument, TooManyToReplay
from attune_controller.http.app import build_public_app
from tests.controller.http.executions import accept
from tests.controller.http.house import House
from tests.controller.http.serving import listening, port_of
from tests.pages import follow

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    house.clock.time = time.time()
    _, token = await house.tokens.create("ops", ["read", "events:send"])
    async with listening(build_public_app(house.parts)) as listener:
        profile = tmp_path / ".config/attune/profiles/default.json"
        profile.parent.mkdir(parents=True)
        profile.touch(0o600)
        profile.write_text(json.dumps({"url": f"http://127.0.0.1:{port_of(listener)}", "authority": "", "token": token}))
        yield house


def sameness(text: str) -> str:
    """Return a text with every time alike and no spaces at the ends of lines."""
    return "\n".join(line.rstrip() for line in MOMENT.sub("2026-01-02T03:04:05", text).splitlines())


async def test_the_page_says_what_happens(house: House, tmp_path: Path) -> None:
    home = tmp_path / "shell"
    home.mkdir()
    codes = []
    for done, printed in await asyncio.to_thread(lambda: list(follow("send-events.md", home))):
        if "--json" in done.args:
            assert [one["reason"] for one in json.loads(done.stdout)] == [
                'the data does not fit the trigger\'s schema: /unit: 7 is not of type "string"'
            ]
        else:
            assert sameness(done.stdout + done.stderr) == sameness(printed), done.args
        codes.append(done.returncode)
    assert codes == [0, 0, 2, 1, 0, 0, 0, 2, 0, 0]
    repeated = await house.store.event(4)
    assert repeated is not None
    assert (repeated.new.source, repeated.new.id, repeated.new.data) == (
        "replay:https://monitor.example/7",
        "repaired:1",
        {"unit": "web_a"},
    )


@pytest.mark.parametrize(
    ("positions", "since", "says"),
    [(None, None, "nothing says"), (["1"], "1h", "exclude each other"), (["one"], None, "'one' is no position of an event")],
)
def test_a_replay_of_nobody_knows_what_is_refused(positions: list[str] | None, since: str | None, says: str) -> None:
    with pytest.raises(BadArgument, match=says):
        replay(positions, since=since)


async def test_a_replay_sends_no_more_than_was_allowed_and_not_its_own(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", f"{tmp_path}/.config")
    for number in range(3):
        await accept(house.store, f"{number}")
    with pytest.raises(TooManyToReplay):
        await asyncio.to_thread(replay, None, trigger="web.alert", limit=2, yes=True)
    for name, accepted in (("a", 3), ("b", 6)):
        capsys.readouterr()
        await asyncio.to_thread(replay, None, trigger="web.alert", name=name, yes=True, json=True)
        told = capsys.readouterr().out.partition("{")[2]
        assert json.loads("{" + told[: told.rindex("}") + 1])["accepted"] == accepted, "the second takes what the first one sent, and ends"
