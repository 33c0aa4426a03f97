"""What an attempt leaves in memory that outlives its processes: System V objects, and files on /dev/shm.

Called by `tree` when a uid of its own is emptied. The next attempt of the slot has the same uid: it could read what is left, and its
cgroup would count it as its own. Nearly every attempt leaves nothing, so the kernel's lists stay open, and /dev/shm is looked through only
when something was made or removed there since (43 files of others took a fifth of a keeper's processor time).
"""

import contextlib
import ctypes
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from attune_agent.executor.remove_tree import empty_directory, open_directory

_IPC_RMID = 0
_libc = ctypes.CDLL(None, use_errno=True)
#: The kernel's lists (proc(5), sysvipc), in which the id comes second, and what removes an object.
_LISTS: Mapping[str, Callable[[int], object]] = {
    "shm": lambda number: _libc.shmctl(number, _IPC_RMID, None),
    "sem": lambda number: _libc.semctl(number, 0, _IPC_RMID),
    "msg": lambda number: _libc.msgctl(number, _IPC_RMID, None),
}
_FILES = "/dev/shm"  # noqa: S108 - nothing is put there
_PART = 4096
#: A change may bear the time of the one before it when both fall into one tick of the kernel's clock; it has 100 a second, or more.
_TICK = 20_000_000


class SharedMemory:
    """That of one uid, seen by a process which has it."""

    def __init__(self, uid: int) -> None:
        self._uid = uid
        self._lists = dict(_opened_lists())
        #: When /dev/shm was last changed (ns), if nothing of the uid was there then; 0: that is not known.
        self._found_empty = 0

    def remove(self) -> None:
        """Remove what the uid owns there; what belongs to others stays."""
        for kind, descriptor in self._lists.items():
            head, *rows = _read(descriptor).splitlines()
            if rows:
                self._remove_objects(head, rows, _LISTS[kind])
        with contextlib.suppress(OSError):
            self._remove_files()

    def _remove_objects(self, head: bytes, rows: list[bytes], remove: Callable[[int], object]) -> None:
        owner, maker = map(head.split().index, (b"uid", b"cuid"))
        for row in map(bytes.split, rows):
            if b"%d" % self._uid in (row[owner], row[maker]):
                remove(int(row[1]))

    def _remove_files(self) -> None:
        changed = os.stat(_FILES).st_mtime_ns  # noqa: PTH116 - Path.stat costs twice as much, after every attempt
        if changed == self._found_empty:
            return
        looked_at, found = time.time_ns(), False
        with os.scandir(_FILES) as entries:
            for one in entries:
                if one.stat(follow_symlinks=False).st_uid == self._uid:
                    found = True
                    _remove(one)
        self._found_empty = changed if not found and looked_at - changed > _TICK else 0


def _opened_lists() -> Iterator[tuple[str, int]]:
    for kind in _LISTS:
        with contextlib.suppress(OSError):
            yield kind, os.open(f"/proc/sysvipc/{kind}", os.O_RDONLY | os.O_CLOEXEC)


def _read(descriptor: int) -> bytes:
    """Read one of the kernel's lists from its beginning."""
    content = b""
    while part := os.pread(descriptor, _PART, len(content)):
        content += part
    return content


def _remove(one: "os.DirEntry[str]") -> None:
    with contextlib.suppress(OSError):
        if one.is_dir(follow_symlinks=False):
            folder = open_directory(one.path)
            try:
                empty_directory(folder)
            finally:
                os.close(folder)
            Path(one.path).rmdir()
        else:
            Path(one.path).unlink()
