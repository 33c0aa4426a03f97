"""What comes from packs, events, results, logs and people may hold anything a terminal or markup understands; screens show it as text."""

import re

import pytest

from attune_cli.dashboard.places import Listed, Logs, Place, Thing, Why
from attune_core.values import JsonValue
from tests.cli.dashboard.recorded import Recorded, everything
from tests.cli.dashboard.seen import compare, dashboard

#: ESC, a title, a link and the clipboard by OSC, C1, bidi, rich's and Textual's markup, a wide and a combining character, a long tail.
HOSTILE = (
    "\x1b[31mred\x1b]0;t\x07\x1b]8;;http://x\x07l\x1b]52;c;eA==\x07\x9b2J\u202eltr\u2066 "
    "[bold]b[/bold] [/nope] [@click=app.bell]x[/] \u6f22e\u0301" + "z" * 300
)
#: What are the controller's own words and moments, or names that tests go to.
CLOSED = frozenset({"id", "now", "state", "outcome", "reason", "status", "cause", "key", "queue_key", "place", "name", "ref", "executions"})


def poisoned(value: JsonValue, name: str = "") -> JsonValue:
    """Return a document with the hostile text in every field that is free, also as a name in maps."""
    if isinstance(value, dict):
        free = name in ("labels", "data", "result", "input", "sensors")
        return {(HOSTILE if free else key): poisoned(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one, name) for one in value]
    return HOSTILE if isinstance(value, str) and name not in CLOSED and not name.endswith(("_at", "since", "time")) else value


@pytest.mark.parametrize("width", [80, 200])
async def test_no_field_of_any_screen_reaches_the_terminal_as_anything_but_text(width: int) -> None:
    answers = {path: value if path.endswith("/logs") else poisoned(value) for path, value in everything().items()}
    answers["/v1/executions/1208/logs"] = HOSTILE + "\n" + HOSTILE
    places: list[Place] = [
        Listed(kind="execution"),
        Listed(kind="event"),
        Listed(kind="queue"),
        Listed(kind="agent"),
        Listed(kind="rule"),
        Thing(kind="execution", name="1207"),
        Thing(kind="event", name="17"),
        Thing(kind="queue", name="web.restart", place="web1"),
        Thing(kind="agent", name="web1"),
        Logs(execution="1208"),
        Why(thing=Thing(kind="execution", name="1209")),
    ]
    async with dashboard(Recorded(answers), size=(width, 24)) as seen:
        shown = [seen.text]
        for place in places:
            seen.app.go(place)
            await seen.shows_below("\\x1b[31mred")
            shown.append(seen.text)
        await seen.press("escape", "escape", "colon")
        seen.app.go(Listed(kind="execution"))
        await seen.shows_below("\\x1b[31mred")
        await seen.press("c", "R")
        shown.append(seen.text)
    for screen in shown:
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", screen)
    compare(f"hostile-{width}x400", "\n".join(screen.rstrip() for screen in shown) + "\n")
