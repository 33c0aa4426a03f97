"""Origin: a bare git repository and a working clone of it, with real pushes; the demo and the flow tests push to it as people would."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    **{f"GIT_{who}_{what}": "demo" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


class Origin:
    """`place`/origin.git and `place`/clone."""

    def __init__(self, place: Path) -> None:
        """Make both, empty."""
        place.mkdir(mode=0o711, exist_ok=True)
        self.bare, self.clone = place / "origin.git", place / "clone"
        self._git("init", "--quiet", "--bare", "--initial-branch=main", str(self.bare), cwd=place)
        self._git("init", "--quiet", "--initial-branch=main", str(self.clone), cwd=place)
        self._git("remote", "add", "origin", str(self.bare))

    def write(self, files: Mapping[str, str], *, executable: tuple[str, ...] = ()) -> None:
        """Write files into the clone."""
        for name, text in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            if name in executable:
                path.chmod(0o755)

    def copy(self, folder: Path) -> None:
        """Copy a whole repository into the clone."""
        shutil.copytree(folder, self.clone, dirs_exist_ok=True)

    def push(self, message: str = "a change") -> str:
        """Commit everything, push, and return the commit."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "-m", message)
        self._git("push", "--quiet", "origin", "HEAD:main")
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str, cwd: Path | None = None) -> str:
        done = subprocess.run(["git", *arguments], cwd=cwd or self.clone, env=_ENVIRONMENT, capture_output=True, text=True, check=True)
        return done.stdout.strip()
