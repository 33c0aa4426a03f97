"""A disk that is soon full: a tmpfs of a few kilobytes or inodes over a directory; needs root."""

import errno
import fcntl
import os
import struct
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


@contextmanager
def loop_disk(path: Path, mebibytes: int = 32) -> Iterator[None]:
    """Mount an ext4 of its own, in a file beside the directory; it can be `lose`d."""
    path.mkdir(exist_ok=True)
    image = path.with_name(f"{path.name}.image")
    with image.open("wb") as file:
        file.truncate(mebibytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(path)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def lose(path: Path) -> None:
    """Let every later write fail as on a disk that is gone (EXT4_IOC_SHUTDOWN without a last flush of its journal)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, 0x8004587D, struct.pack("I", 2))
    finally:
        os.close(descriptor)
