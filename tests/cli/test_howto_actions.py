"""docs/howto/write-an-action.md, done by the letter: its files are written, its commands run, and what it prints is printed."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.commands import attune
from tests.cli.test_howto_rules import typed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "write-an-action.md"
BLOCK = re.compile(r"^```(yaml|sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.flow
def test_the_page_says_what_happens(tmp_path: Path) -> None:
    attune("init", "my-packs", cwd=tmp_path)
    repository = tmp_path / "my-packs"
    commands = 0
    for kind, content in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind != "console":
            path, _, text = content.removeprefix("# ").partition("\n")
            (repository / path).write_text(text, encoding="utf-8")
            continue
        for command, printed in typed(content):
            done = attune(*shlex.split(command)[1:], cwd=repository)
            assert sorted((done.stdout + done.stderr).splitlines()) == sorted(printed.splitlines()), command
            commands += 1
    assert commands == 2
