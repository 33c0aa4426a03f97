"""A real git repository for tests, written with git's plumbing so that it can hold what no work tree could."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from attune_core.catalog.tree import FILE

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


class GitRepository:
    """A bare repository that is written object by object."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--bare", "--initial-branch=main")

    def git(self, *words: str, given: bytes = b"") -> str:
        done = subprocess.run(["git", *words], cwd=self.folder, env=ENVIRONMENT, input=given, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", given=content)

    def tree(self, entries: list[tuple[int, str, bytes]]) -> str:
        """Write one tree of (mode, object, name); git's own order and checks do not matter to whoever attacks."""
        raw = b"".join(f"{mode:o} ".encode() + name + b"\0" + bytes.fromhex(oid) for mode, oid, name in entries)
        return self.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", given=raw)

    def commit(self, tree: str) -> str:
        made = self.git("commit-tree", tree, "-m", "x")
        self.git("update-ref", "refs/heads/main", made)
        return made

    def commit_files(self, files: Mapping[str, bytes], modes: Mapping[str, int] | None = None) -> str:
        """Commit ordinary files by path through an index."""
        lines = [f"{(modes or {}).get(path, FILE):o} {self.blob(content)}\t{path}\n" for path, content in files.items()]
        self.git("read-tree", "--empty")
        self.git("update-index", "--add", "--index-info", given="".join(lines).encode())
        return self.commit(self.git("write-tree"))
