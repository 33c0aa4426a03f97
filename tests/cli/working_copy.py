"""A pack repository with git in it, as a person changes it; used by the tests of commands that compare revisions."""

import shutil
import subprocess
from pathlib import Path

from tests.core.catalog.git_repository import ENVIRONMENT
from tests.core.catalog.test_cases import CASES

RULE = "packs/web/rules/restart_on_alert.yaml"
PAGE_RULE = "rules/page_when_lost.yaml"


class WorkingCopy:
    """The clean repository of tests/cases/validate in its first commit; `inside` is the folder of the git repository it lies in."""

    def __init__(self, root: Path, *, inside: str = ".") -> None:
        self.root = root / inside
        shutil.copytree(CASES / "base", self.root)
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=root, env=ENVIRONMENT, check=True)
        self.first = self.commit()

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.root, env=ENVIRONMENT, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "a change")
        return self.git("rev-parse", "HEAD")

    def replace(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def spoil_rule(self) -> None:
        """Name a field that the event does not have: ATT203."""
        self.replace(RULE, "event.data.unit }}", "event.data.unti }}")
