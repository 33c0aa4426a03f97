"""What an attempt leaves in memory that outlives its processes: System V objects, and files on /dev/shm.

Called by `tree` when a uid of its own is emptied. The next attempt of the slot has the same uid: it could read what is left, and its
cgroup would count it as its own.
"""

import contextlib
import ctypes
import os
from collections.abc import Callable, Mapping
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


def remove_shared_memory(uid: int) -> None:
    """Remove what this process's uid owns there; what belongs to others stays."""
    for kind, remove in _LISTS.items():
        with contextlib.suppress(OSError):
            head, *rows = _read(f"/proc/sysvipc/{kind}").splitlines()
            owner, maker = map(head.split().index, (b"uid", b"cuid"))
            for row in map(bytes.split, rows):
                if b"%d" % uid in (row[owner], row[maker]):
                    remove(int(row[1]))
    with contextlib.suppress(OSError), os.scandir(_FILES) as found:
        for one in found:
            if one.stat(follow_symlinks=False).st_uid == uid:
                _remove(one)


def _read(path: str) -> bytes:
    """Read a file of the kernel's; this is done after every attempt, and Path.read_text costs five times as much."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = b""
        while part := os.read(descriptor, 1 << 16):
            content += part
        return content
    finally:
        os.close(descriptor)


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
