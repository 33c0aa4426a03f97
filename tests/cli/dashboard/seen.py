"""Looking at the dashboard in tests: a running one without a terminal, and the text that its screen shows."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from attune_cli.dashboard.app import Dashboard
from attune_cli.dashboard.feed import Feed
from attune_cli.dashboard.model import Picture
from tests.cli.dashboard.recorded import CLOCK, Recorded
from tests.waiting import eventually

CASES = Path(__file__).resolve().parents[2] / "cases" / "screens"
#: Set by `make screens`: the files are written anew instead of being compared.
RENEW = "ATTUNE_RENEW_SCREENS"


@dataclass
class Seen:
    """A running dashboard, its clock, and what can be seen of it."""

    app: Dashboard
    pilot: Pilot[None]
    recorded: Recorded
    clock: list[float]

    @property
    def text(self) -> str:
        """What the screen shows, as Textual composes it."""
        return "\n".join(strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()) + "\n"

    async def press(self, *keys: str) -> None:
        """Press keys, and let the screen become what they make of it."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text and Enter."""
        await self.press(*(("space" if char == " " else char) for char in text), "enter")

    async def shows(self, text: str) -> None:
        """Wait until a text is seen."""
        try:
            await eventually(lambda: text in self.text, timeout=5.0)
        except AssertionError:
            raise AssertionError(f"{text!r} is not on the screen:\n{self.text}") from None

    async def shows_below(self, text: str) -> None:
        """Wait until a text is seen below the three lines that every screen has, and that are there before anything is read."""
        await eventually(lambda: text in "\n".join(self.text.splitlines()[3:]), timeout=5.0, what=f"{text!r} on the screen's own part")
        await self.pilot.pause()  # what came with it is laid out, too

    async def no_longer_shows(self, text: str) -> None:
        """Wait until a text is not seen any more."""
        await eventually(lambda: text not in self.text, timeout=5.0, what=f"{text!r} going away")


@asynccontextmanager
async def dashboard(
    recorded: Recorded, *, size: tuple[int, int] = (80, 24), readonly: bool = False, feed: Feed | None = None
) -> AsyncIterator[Seen]:
    """Run a dashboard on a controller of recorded documents; its clock stands still unless a test moves it."""
    clock = [CLOCK]
    picture = Picture(url="https://127.0.0.1:7443", readonly=readonly)
    app = Dashboard(recorded, feed or Feed(list), picture, clock=lambda: clock[0])
    async with app.run_test(size=size) as pilot:
        seen = Seen(app, pilot, recorded, clock)
        await seen.no_longer_shows("asking")
        yield seen


def compare(name: str, text: str) -> None:
    """Compare a screen with the one that was recorded, or record it."""
    path = CASES / f"{name}.txt"
    if os.environ.get(RENEW):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs; look at it, and if it is meant: make screens"
