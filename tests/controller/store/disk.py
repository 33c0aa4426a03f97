"""A disk that remembers what was synced: SQLite's file layer with a record, faults on demand, and a power cut.

Used by tests of durability; `kill -9` can never show a missing sync, because the kernel still has the bytes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

NAME = "recorded-disk"


class Disk(apsw.VFS):
    """Everything goes through to the real files; what was synced is kept beside it."""

    def __init__(self) -> None:
        #: What happened, in order: "write store.sqlite-wal", "sync store.sqlite-wal", and whatever a test adds.
        self.happened: list[str] = []
        self.durable: dict[str, bytearray] = {}
        self.full = False
        self.refuses_sync = False
        super().__init__(NAME, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "RecordedFile":  # noqa: N802 - SQLite's name
        return RecordedFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001 - SQLite's name and signature
        super().xDelete(filename, syncdir)
        self.durable.pop(Path(filename).name, None)

    def count(self, what: str) -> int:
        return self.happened.count(what)

    def power_cut(self, folder: Path) -> None:
        """Leave in a folder what a machine would find that lost its power now: nothing but what was synced."""
        folder.mkdir()
        (folder / "format").write_text("attune-controller-store 1\n")
        for name, content in list(self.durable.items()):
            (folder / name).write_bytes(bytes(content))


class RecordedFile(apsw.VFSFile):
    """One file; writes wait in `_unsynced` until the sync that makes them durable."""

    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._disk, self._name = disk, Path(text).name if text else "temporary"
        self._unsynced: list[tuple[bytes | None, int]] = []
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        if self._disk.full:
            raise apsw.FullError("no space left")
        self._disk.happened.append(f"write {self._name}")
        self._unsynced.append((bytes(data), offset))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        self._unsynced.append((None, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        if self._disk.refuses_sync:
            raise apsw.IOError("the disk is gone")
        super().xSync(flags)
        durable = self._disk.durable.setdefault(self._name, bytearray())
        for data, place in self._unsynced:
            if data is None:
                del durable[place:]
            else:
                durable.extend(bytes(max(0, place + len(data) - len(durable))))
                durable[place : place + len(data)] = data
        self._unsynced.clear()
        self._disk.happened.append(f"sync {self._name}")


@contextmanager
def recorded_disk() -> Iterator[Disk]:
    disk = Disk()
    try:
        yield disk
    finally:
        disk.unregister()
