"""The README's pictures show the screens as they are now: `make pictures` draws them anew."""

import html
import re
from pathlib import Path

import pytest

from attune_cli.dashboard.keys import TABS
from attune_cli.dashboard.views.rows import AGENTS, QUEUES

PICTURES = Path(__file__).resolve().parents[3] / "docs" / "pictures"
TABS_SHOWN = [f"{digit} {word}" for digit, word in TABS]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("overview", [*TABS_SHOWN, *(column.title for column in (*QUEUES[1:], *AGENTS[1:])), "not settled", "revision"]),
        ("logs", [*TABS_SHOWN, "following", "migrating items"]),
    ],
)
def test_a_picture_has_what_the_screen_has(name: str, texts: list[str]) -> None:
    drawn = html.unescape(re.sub("<[^>]*>", " ", (PICTURES / f"{name}.svg").read_text(encoding="utf-8"))).replace("\xa0", " ")
    assert not [text for text in texts if text not in drawn], "run `make pictures`"
