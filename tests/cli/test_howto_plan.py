"""docs/howto/plan-a-change.md, done by the letter: its files are written, its commands run, and what it prints is printed."""

import re
import subprocess
from pathlib import Path

from tests.cli.commands import attune
from tests.core.catalog.git_repository import ENVIRONMENT
from tests.pages import follow

COMMIT = re.compile(r"\([0-9a-f]{12}\)")


def test_the_page_says_what_happens(tmp_path: Path) -> None:
    attune("init", "my-packs", cwd=tmp_path)
    repository = tmp_path / "my-packs"
    for words in (("init", "--quiet", "--initial-branch=main"), ("add", "--all"), ("commit", "--quiet", "-m", "The template")):
        subprocess.run(["git", *words], cwd=repository, env=ENVIRONMENT, check=True)
    codes = []
    for done, printed in follow("plan-a-change.md", repository):
        assert COMMIT.sub("(0123456789ab)", done.stdout) + done.stderr == printed, done.args
        codes.append(done.returncode)
    assert codes == [0, 1]
