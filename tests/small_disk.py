"""A disk that is soon full: a tmpfs of a few kilobytes or inodes over a directory; needs root."""

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[None]:
    """Mount one with these options, such as `1m` or `1m,nr_inodes=12`."""
    path.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "none", str(path)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def grow(path: Path, size: str) -> None:
    """Give it more room."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(path)], check=True)


def fill(path: Path) -> Path:
    """Write until there is no space, and return the file whose removal makes space again."""
    filler = path / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)) == 4096:
            pass
    try:
        (path / "one-more").write_bytes(bytes(4096))
    except OSError as error:
        assert error.errno == errno.ENOSPC
        (path / "one-more").unlink(missing_ok=True)
    else:
        raise AssertionError(f"{path} is not full")
    return filler
