"""docs/howto/plan-a-change.md, done by the letter: its files are written, its commands run, and what it prints is printed."""

import re
import shlex
import subprocess
from pathlib import Path

from tests.cli.commands import attune
from tests.core.catalog.git_repository import ENVIRONMENT

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "plan-a-change.md"
BLOCK = re.compile(r"^```(yaml|ndjson|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMIT = re.compile(r"\([0-9a-f]{12}\)")


def test_the_page_says_what_happens(tmp_path: Path) -> None:
    attune("init", "my-packs", cwd=tmp_path)
    repository = tmp_path / "my-packs"
    for words in (("init", "--quiet", "--initial-branch=main"), ("add", "--all"), ("commit", "--quiet", "-m", "The template")):
        subprocess.run(["git", *words], cwd=repository, env=ENVIRONMENT, check=True)
    codes = []
    for kind, content in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind != "console":
            path, _, text = content.removeprefix("# ").partition("\n")
            (repository / path).write_text(text, encoding="utf-8")
            continue
        command, _, printed = content.removeprefix("$ ").partition("\n")
        done = attune(*shlex.split(command)[1:], cwd=repository)
        assert COMMIT.sub("(0123456789ab)", done.stdout) + done.stderr == printed, command
        codes.append(done.returncode)
    assert codes == [0, 1]
