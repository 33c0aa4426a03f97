"""FolderTree: a folder as a Tree; left out are only `.git` at its root and what it is told to ignore, and no link is followed.

Used by commands through `working_tree`, and by tests; a controller reads revisions through `git_tree`.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from attune_core.catalog.errors import RepositoryUnreadable
from attune_core.catalog.git_tree import ignored_in
from attune_core.catalog.tree import FILE, LINK, OTHER, PROGRAM, SUBMODULE, Entry
from attune_core.catalog.tree_checks import ONE_FILE


class FolderTree:
    """The files below a folder, as they are now."""

    def __init__(self, root: Path, *, ignored: frozenset[str] = frozenset()) -> None:
        """Take the repository's root and the paths in it that are not of the repository, folders with a `/` at their end."""
        self._root, self._ignored = root, ignored

    def entries(self) -> Iterator[Entry]:
        """Walk the folder without following links; a folder with a `.git` of its own is one entry, as in git."""
        waiting = [""]
        try:
            while waiting:
                folder = waiting.pop()
                with os.scandir(self._root / folder if folder else self._root) as found:
                    for item in found:
                        path = f"{folder}/{item.name}" if folder else item.name
                        if path == ".git" or path in self._ignored or f"{path}/" in self._ignored:
                            continue
                        if item.is_dir(follow_symlinks=False) and not (self._root / path / ".git").exists():
                            waiting.append(path)
                        else:
                            yield _entry(path, item)
        except OSError as error:
            raise RepositoryUnreadable(f"{error.filename}: {error.strerror}") from error

    def contents(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Read files; one that has become a link, or grown beyond its bound, since `entries` is refused."""
        for path in paths:
            try:
                descriptor = os.open(self._root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
                with os.fdopen(descriptor, "rb") as file:
                    content = file.read(ONE_FILE + 1)
            except OSError as error:
                raise RepositoryUnreadable(f"{path}: {error.strerror}") from error
            if len(content) > ONE_FILE:
                raise RepositoryUnreadable(f"{path} grew while it was read")
            yield path, content


def working_tree(root: Path) -> FolderTree:
    """Return the files as they are, without those that git ignores: what a commit of them would hold."""
    return FolderTree(root, ignored=ignored_in(root))


def _entry(path: str, item: os.DirEntry[str]) -> Entry:
    state = item.stat(follow_symlinks=False)
    if stat.S_ISLNK(state.st_mode):
        return Entry(path, LINK, 0)
    if stat.S_ISDIR(state.st_mode):
        return Entry(path, SUBMODULE, 0)
    if not stat.S_ISREG(state.st_mode):
        return Entry(path, OTHER, 0)
    return Entry(path, PROGRAM if state.st_mode & stat.S_IXUSR else FILE, state.st_size)
