"""A Tree in memory: what a test says, without a disk; for contents and names that a work tree could not hold."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from attune_core.catalog.tree import FILE, PROGRAM, Entry


class MemoryTree:
    """Files by path; `modes` for those that are no plain files."""

    def __init__(self, files: dict[str, bytes], modes: dict[str, int] | None = None) -> None:
        self.files = files
        self._modes = modes or {}

    def entries(self) -> Iterator[Entry]:
        for path, content in self.files.items():
            starts = content.startswith(b"#!")
            yield Entry(path, self._modes.get(path, PROGRAM if starts else FILE), len(content))

    def contents(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        for path in paths:
            yield path, self.files[path]


def tree_of_folder(folder: Path) -> MemoryTree:
    """Read a folder into memory; no folder is an empty tree."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return MemoryTree({path.relative_to(folder).as_posix(): path.read_bytes() for path in found})
