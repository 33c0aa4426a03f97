"""A bare repository and a clone that pushes to it, with real git; used by the tests of reconcile and of the whole controller."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

_ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "LC_ALL": "C",
}


def git(place: Path, *words: str) -> str:
    """Run git there and return what it printed."""
    return subprocess.run(["git", "-C", str(place), *words], env=_ENV, check=True, capture_output=True, text=True).stdout.strip()


class Pushes:
    """What a person does: change files, commit, push."""

    def __init__(self, folder: Path) -> None:
        self.bare, self.work = folder / "packs.git", folder / "work"
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "-q", "--bare", "--initial-branch=main", str(self.bare))
        git(folder, "init", "-q", "--initial-branch=main", str(self.work))
        git(self.work, "remote", "add", "origin", str(self.bare))

    def write(self, files: Mapping[str, str | None]) -> None:
        """Write files below the work tree; None removes one."""
        for path, content in files.items():
            place = self.work / path
            if content is None:
                place.unlink()
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)

    def commit(self, files: Mapping[str, str | None], message: str = "a change") -> str:
        """Commit changes and return the commit."""
        self.write(files)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "--allow-empty", "-m", message)
        return git(self.work, "rev-parse", "HEAD")

    def push(self, files: Mapping[str, str | None], *, force: bool = False) -> str:
        """Commit changes, push them and return the commit."""
        commit = self.commit(files)
        git(self.work, "push", "-q", *(["--force"] if force else []), "origin", "HEAD:main")
        return commit
