"""A pack repository on this machine: which one a place is in, and its source lines for the carets under a mistake.

Called by the commands that read a repository without a controller.
"""

from pathlib import Path

from attune_core.catalog.errors import RepositoryMissing, RepositoryUnreadable
from attune_core.catalog.tree import Tree, read


def repository_root(path: Path, *, git: bool = False) -> Path:
    """Return the repository that a path is in: the nearest folder upwards with attune.yaml, or for revisions with git's own files."""
    start = path.absolute()
    if not start.exists():
        raise RepositoryMissing(f"there is no {path}")
    for folder in (start, *start.parents):
        is_root = _is_git(folder) if git else (folder / "attune.yaml").is_file() or (folder / "attune.yml").is_file()
        if is_root:
            return folder
    raise RepositoryMissing(f"{path} is not in a {'git' if git else 'pack'} repository")


def _is_git(folder: Path) -> bool:
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


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
