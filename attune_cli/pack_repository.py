"""A pack repository on this machine: which one a place is in, and its source lines for the carets under a mistake.

Called by the commands that read a repository without a controller.
"""

from pathlib import Path

from attune_core.catalog.errors import RepositoryMissing, RepositoryUnreadable
from attune_core.catalog.git_tree import is_git
from attune_core.catalog.tree import Tree, read

_NO_GIT = "a revision needs git: name a folder in a working copy or a bare repository"


def repository_root(path: Path, *, git: bool = False) -> Path:
    """Return the repository that a path is in: the nearest folder upwards with attune.yaml.

    For revisions it lies in a git repository, perhaps in a folder of it; without attune.yaml among the files it is the whole of that.
    """
    start = path.resolve()
    if not start.exists():
        raise RepositoryMissing(f"there is no {path}")
    folders = (start, *start.parents)
    root = next((folder for folder in folders if _is_root(folder)), None)
    if not git and root is not None:
        return root
    found = next((folder for folder in folders if is_git(folder)), None) if git else None
    if found is None:
        raise RepositoryMissing(f"{path} is not in a {'git' if git else 'pack'} repository", hint=_NO_GIT if git else None)
    return root if root is not None and root.is_relative_to(found) else found


def _is_root(folder: Path) -> bool:
    return (folder / "attune.yaml").is_file() or (folder / "attune.yml").is_file()


class SourceLines:
    """Source lines for the carets, read again only for documents with Problems."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._lines: dict[str, list[str]] = {}

    def __call__(self, path: str, number: int) -> str | None:
        """Return one line, or None where there is none to show."""
        if path not in self._lines:
            try:
                text = read(self._tree, path).decode("utf-8", "replace")
            except (RepositoryUnreadable, KeyError):
                text = ""
            self._lines[path] = [line.rstrip("\r") for line in text.split("\n")]
        lines = self._lines[path]
        return lines[number - 1] if 0 < number <= len(lines) else None
