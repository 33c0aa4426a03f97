"""Tree: the files of a pack repository, whether they come from a folder or from a revision in git.

`folder_tree` and `git_tree` implement it; `load` reads through it and `tree_checks` judges the entries of both alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

#: Modes as git knows them; anything else is neither file, program nor link.
FILE, PROGRAM, LINK, SUBMODULE, OTHER = 0o100644, 0o100755, 0o120000, 0o160000, 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its path from the root with `/` (bytes that are no UTF-8 as surrogates), git's mode, its size in bytes."""

    path: str
    mode: int
    size: int


class Tree(Protocol):
    """What is read. Both methods raise RepositoryUnreadable when the storage fails."""

    def entries(self) -> Iterator[Entry]:
        """Yield every file in no particular order; the caller stops when its bounds are reached."""
        ...

    def contents(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the bytes of regular files among the entries, in the order asked; to be called after `entries`."""
        ...


def read(tree: Tree, path: str) -> bytes:
    """Return one file's bytes."""
    return next(content for _, content in tree.contents((path,)))
