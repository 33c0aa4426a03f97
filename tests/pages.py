"""Pages of docs/howto, done by the letter: which files they write, and which commands they type, with what each prints."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.cli.commands import attune

PAGES = Path(__file__).resolve().parents[1] / "docs" / "howto"
_BLOCK = re.compile(r"^```(yaml|ndjson|ini|sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the content of each block that is for a machine."""
    yield from _BLOCK.findall((PAGES / page).read_text(encoding="utf-8"))


def file_in(block: str) -> tuple[str, str]:
    """Return the path that a block's first line names, and what follows."""
    path, _, text = block.removeprefix("# ").partition("\n")
    return path, text


def typed(block: str, prompt: str = "$") -> Iterator[tuple[str, str]]:
    """Yield each command of a block and what stands under it; `#` is root's prompt."""
    for part in re.split(rf"^{re.escape(prompt)} ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def follow(page: str, repository: Path) -> Iterator[tuple["subprocess.CompletedProcess[str]", str]]:
    """Write a page's files and run its commands in their order; yield how each ended, and what the page says that it prints."""
    for kind, content in blocks(page):
        if kind != "console":
            path, text = file_in(content)
            (repository / path).parent.mkdir(parents=True, exist_ok=True)
            (repository / path).write_text(text, encoding="utf-8")
            continue
        for command, printed in typed(content):
            yield attune(*shlex.split(command)[1:], cwd=repository, home=repository.parent), printed
