"""docs/howto/test-your-rules.md, done by the letter: its files are written, its commands run, and what it prints is printed."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.cli.commands import attune

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "test-your-rules.md"
BLOCK = re.compile(r"^```(yaml|ndjson|sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def typed(block: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a block and what stands under it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def follow(page: Path, repository: Path) -> Iterator[tuple[str, str, str]]:
    """Write a page's files and run its commands in their order; yield each command, what it said, and what the page says."""
    for kind, content in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind != "console":
            path, _, text = content.removeprefix("# ").partition("\n")
            (repository / path).write_text(text, encoding="utf-8")
            continue
        for command, printed in typed(content):
            done = attune(*shlex.split(command)[1:], cwd=repository, home=repository.parent)
            yield command, done.stdout + done.stderr, printed


def test_the_page_says_what_happens(tmp_path: Path) -> None:
    attune("init", "my-packs", cwd=tmp_path)
    commands = 0
    for command, said, printed in follow(PAGE, tmp_path / "my-packs"):
        assert said == printed, command
        commands += 1
    assert commands == 7
