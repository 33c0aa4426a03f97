"""Every screen at three sizes, as text, is what was looked at and found good: tests/cases/screens, renewed by `make screens`."""

import pytest

from attune_cli.dashboard.places import Listed, Logs, Thing, Why, place_of
from tests.cli.dashboard.recorded import Recorded, everything
from tests.cli.dashboard.seen import CASES, Seen, compare, dashboard

SIZES = [(80, 24), (120, 40), (200, 50)]
#: Screen -> what is typed after `:` to get there, and a text that is there when it is complete.
PLACES = {
    "executions": ("executions", "1,206"),
    "events": ("events", "alertmanager"),
    "queues": ("queues", "(fleet)"),
    "agents": ("agents", "connected"),
    "rules": ("rules", "disabled"),
    "execution": ("execution 1207", "exit code"),
    "event": ("event 17", "the newest first"),
    "queue": ("queue web.restart web1", "who stands in it"),
    "agent": ("agent web1", "enrolled"),
    "rule": ("rule web.restart_on_alert", "what for"),
    "logs": ("logs 1208", "starting"),
    "why": ("explain execution 1209", "What to do"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_screen_is_what_was_found_good(size: tuple[int, int]) -> None:
    async with dashboard(Recorded(everything()), size=size) as seen:
        compare_at("overview", size, seen)
        for name, (typed, complete) in PLACES.items():
            place = place_of(typed)
            assert isinstance(place, Thing | Listed | Logs | Why), place
            seen.app.go(place)
            await seen.shows(complete.replace(",", ""))
            compare_at(name, size, seen)
            if name == "executions":
                await seen.press("c")
                compare_at("refused", size, seen)
                seen.clock[0] += 60
                await seen.press("R")
                compare_at("confirm", size, seen)
                await seen.press("n", "question_mark")
                compare_at("keys", size, seen)
                seen.clock[0] -= 60
                await seen.press("escape")


def compare_at(name: str, size: tuple[int, int], seen: Seen) -> None:
    compare(f"{name}-{size[0]}x{size[1]}", seen.text)


async def test_a_window_that_is_too_small_says_what_it_needs_and_comes_back() -> None:
    async with dashboard(Recorded(everything()), size=(50, 10)) as seen:
        compare("small-50x10", seen.text)
        await seen.pilot.resize_terminal(80, 24)
        await seen.shows("not settled")


async def test_a_window_of_one_cell_breaks_nothing() -> None:
    async with dashboard(Recorded(everything()), size=(1, 1)) as seen:
        await seen.press("down", "2", "question_mark")
        await seen.pilot.resize_terminal(80, 24)
        await seen.shows("What the keys do")


def test_no_line_of_a_screen_is_wider_than_its_window() -> None:
    for path in CASES.glob("*.txt"):
        width, height = map(int, path.stem.rsplit("-", 1)[1].split("x"))
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= height, path.name
        assert max(map(len, lines)) <= width, path.name
