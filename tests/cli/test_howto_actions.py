"""docs/howto/write-an-action.md, done by the letter: its files are written, its commands run, and what it prints is printed."""

from pathlib import Path

import pytest

from tests.cli.commands import attune
from tests.pages import follow


def lines(text: str) -> list[str]:
    """Return the lines in one order, without that which is said only where a preparation takes its time."""
    return sorted(line for line in text.splitlines() if not line.startswith("preparing: "))


@pytest.mark.flow
@pytest.mark.registry
def test_the_page_says_what_happens(tmp_path: Path) -> None:
    attune("init", "my-packs", cwd=tmp_path)
    commands = 0
    for done, printed in follow("write-an-action.md", tmp_path / "my-packs"):
        # A terminal shows both streams as they come; here one follows the other.
        assert lines(done.stdout + done.stderr) == lines(printed), done.args
        commands += 1
    assert commands == 6
