"""Built-in packs: part of every catalog beside the repository's own, shipped with this installation; otherwise packs like any other.

Called by `load`, which reads them through the same Tree as the repository. A repository cannot bring a pack of the same name.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby

from attune_core.catalog.tree import FILE, Entry, Tree
from attune_core.shipped import shipped


class WithBuiltIn:
    """The files of a repository, and after them those of the built-in packs that it does not claim to have."""

    def __init__(self, tree: Tree) -> None:
        """Take the repository's files."""
        self._tree = tree
        self._files: Mapping[str, bytes] = {}
        #: Names of the packs that were added; known once the entries were read.
        self.names = frozenset[str]()

    def entries(self) -> Iterator[Entry]:
        """Yield the repository's entries, then the others."""
        packs = dict(_built_in_packs())
        for entry in self._tree.entries():
            if entry.path.startswith("packs/"):
                packs.pop(entry.path.split("/")[1].lower(), None)
            yield entry
        self.names = frozenset(packs)
        self._files = {path: content for files in packs.values() for path, content in files.items()}
        for path, content in self._files.items():
            yield Entry(path, FILE, len(content))

    def contents(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the bytes of files, each from where it is, in the order asked."""
        for ours, group in groupby(paths, key=self._files.__contains__):
            if ours:
                yield from ((path, self._files[path]) for path in group)
            else:
                yield from self._tree.contents([*group])


@cache
def _built_in_packs() -> Mapping[str, Mapping[str, bytes]]:
    """Return each pack's files by their paths in a repository; compiled Python, which an installer leaves there, is none of it."""
    root = shipped("built-in")
    packs: dict[str, dict[str, bytes]] = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            place = path.relative_to(root)
            packs.setdefault(place.parts[1], {})[place.as_posix()] = path.read_bytes()
    return packs
