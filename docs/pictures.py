"""Pictures: the screens of the README, drawn by the running dashboard of a real controller and agent with something to do.

`make pictures` writes docs/pictures/*.svg; nothing in them is painted by hand.
"""

import asyncio
import os
import tempfile
from pathlib import Path

from attune_cli.changes import watch
from attune_cli.client import Client
from attune_cli.dashboard.app import Dashboard
from attune_cli.dashboard.feed import Feed
from attune_cli.dashboard.model import Picture
from attune_cli.dashboard.places import Logs
from tests.running import Running, action_document, pack, running_system
from tests.waiting import eventually

PICTURES = Path(__file__).resolve().parent / "pictures"
SIZE = (104, 28)
_FILES = pack(
    "web",
    {
        "actions/restart.yaml": action_document("restart.sh"),
        "actions/restart.sh": "echo restarted\n",
        "actions/migrate.yaml": action_document("migrate.sh"),
        "actions/migrate.sh": 'for table in users orders items; do echo "migrating $table"; done\nexec sleep 120\n',
        "actions/check.yaml": action_document("check.sh"),
        "actions/check.sh": "echo 'certificate ends in 3 days' >&2\nexit 2\n",
    },
)


async def draw(running: Running) -> None:
    """Draw the overview, and a log that is followed."""
    with Client(running.system.profile) as watching:
        picture = Picture(url="https://attune.example:7443")
        app = Dashboard(running.client, Feed(lambda: watch(watching)), picture)
        async with app.run_test(size=SIZE) as pilot:
            await eventually(lambda: "2 not settled" in text_of(app), what="the overview")
            await pilot.pause()
            keep(app, "overview")
            app.go(Logs(execution="1"))
            await eventually(lambda: "migrating items" in text_of(app), what="the log")
            await pilot.pause()
            keep(app, "logs")


def text_of(app: Dashboard) -> str:
    """Return what the screen shows."""
    return app.export_screenshot(simplify=True).replace("&#160;", " ")


def keep(app: Dashboard, name: str) -> None:
    """Write the screen as it is."""
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / f"{name}.svg").write_text(app.export_screenshot(title=f"attune dashboard: {name}"), encoding="utf-8")


def main() -> None:
    """Start everything, let it work a little, and draw."""
    os.environ.pop("NO_COLOR", None)
    with tempfile.TemporaryDirectory(prefix="attune-pictures-") as scratch, running_system(Path(scratch), _FILES, name="web1") as running:
        running.start("web.migrate")
        running.start("web.migrate")
        for action in ("web.restart",) * 8 + ("web.check",) * 2:
            running.run(action)
        asyncio.run(draw(running))


if __name__ == "__main__":
    main()
