"""Files that only the controller may read: written whole or not at all, and refused when others could have read them.

Called by the CA, the server certificate and the first admin token.
"""

import os
import stat
from pathlib import Path


class FileExposed(ValueError):
    """The file's mode lets its group or others read it, or it is no regular file."""


def write_private(path: Path, content: bytes) -> None:
    """Replace a file by one of mode 0600 in one step that survives a power cut (fsync of file and folder)."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_private(path: Path | str, limit: int = 64 << 10) -> bytes:
    """Return at most `limit` bytes of a file that nobody else may read; `FileExposed`, or `OSError` when there is none."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode) or mode & 0o077:
            raise FileExposed(f"{path} is readable by others, or is no regular file")
        return os.read(descriptor, limit)  # of a regular file, all there is
    finally:
        os.close(descriptor)
