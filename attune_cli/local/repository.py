"""Repository: a private bare repository that follows a working copy, so that the controller's only input stays git.

Called by `up` (which publishes every change of the working copy) and by the demo; the working copy's own index, refs and
configuration are never touched.
"""

import os
import subprocess
from pathlib import Path

from attune_cli.errors import ProgramFailed

BRANCH = "main"


class Repository:
    """A bare repository at `place`."""

    def __init__(self, place: Path) -> None:
        """Make it, empty."""
        self.place = place
        self._git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(place))

    def publish(self, working_copy: Path) -> str | None:
        """Commit the working copy as it is, ignored files left out; return the commit, or None when nothing has changed."""
        self._git("add", "--all", "--", ".", tree=working_copy)
        tree = self._git("write-tree")
        head = self._head()
        if head is not None and self._git("rev-parse", f"{head}^{{tree}}") == tree:
            return None
        parents = ("-p", head) if head else ()
        commit = self._git("commit-tree", tree, *parents, "-m", "The working copy")
        self._git("update-ref", f"refs/heads/{BRANCH}", commit)
        return commit

    def _head(self) -> str | None:
        try:
            return self._git("rev-parse", "--verify", "--quiet", f"refs/heads/{BRANCH}")
        except ProgramFailed:
            return None

    def _git(self, *arguments: str, tree: Path | None = None) -> str:
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_INDEX_FILE": str(self.place / "published-index"),
            **{f"GIT_{who}_{what}": "attune" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        place = [] if arguments[0] == "init" else [f"--git-dir={self.place}", "-c", "core.autocrlf=false"]
        if tree is not None:
            place.append(f"--work-tree={tree}")
        done = subprocess.run(
            ["git", *place, *arguments], cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        if done.returncode:
            raise ProgramFailed(
                f"git {arguments[0]}: {done.stderr.strip()[:500]}", hint="check that git is installed and the folder readable"
            )
        return done.stdout.strip()
