"""Pushes: what a person does to the pack repository, each as one call; used by the tests of reconcile and of the whole controller."""

from collections.abc import Mapping
from pathlib import Path

from attune_cli.local.origin import Origin


class Pushes(Origin):
    """An Origin of its own folder, with the less usual pushes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder)

    def publish(self, files: Mapping[str, str]) -> str:
        """Write files, commit, push, and return the commit."""
        self.write(files)
        return self.push()

    def remove(self, *paths: str) -> str:
        """Remove files, push, and return the commit."""
        for path in paths:
            (self.clone / path).unlink()
        return self.push()

    def rewind(self, files: Mapping[str, str]) -> str:
        """Replace the newest commit by another one and push it over the old."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--amend", "-m", "rewritten")
        self.git("push", "--quiet", "--force", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        """Run git in the clone."""
        return self._git(*words)
