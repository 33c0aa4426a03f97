"""docs/howto/write-a-sensor.md, done by the letter: its files are written, its commands run, and what it prints is printed."""

from pathlib import Path

import pytest

from tests.cli.commands import attune
from tests.pages import follow


@pytest.mark.flow
def test_the_page_says_what_happens(tmp_path: Path) -> None:
    attune("init", "my-packs", cwd=tmp_path)
    commands = 0
    for done, printed in follow("write-a-sensor.md", tmp_path / "my-packs"):
        assert done.stdout + done.stderr == printed, done.args
        commands += 1
    assert commands == 3
