"""A disk whose power can be cut: an ext4 image on a loop device, on which everything that was not synced is gone after a cut; needs root.

Used by test_power_cuts. The cut is the file system's own (EXT4_IOC_SHUTDOWN without flushing its log): from that moment nothing reaches the
image, and the next mount replays what a machine would find when the power is back.
"""

import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: _IOR('X', 125, __u32) of the kernel's fs/ext4/ext4.h, and its flag EXT4_GOING_FLAGS_NOLOGFLUSH.
_SHUTDOWN, _WITHOUT_LOG = 0x8004587D, 2


@dataclass(frozen=True)
class Disk:
    """The image and where it is mounted."""

    image: Path
    place: Path

    def cut(self) -> None:
        """Cut the power; the processes that use it should have been frozen before, as they would have been."""
        descriptor = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _WITHOUT_LOG))
        finally:
            os.close(descriptor)

    def power_on(self) -> None:
        """Mount again what is there; nobody may use the old mount any more."""
        subprocess.run(["umount", str(self.place)], check=True)
        self.mount()

    def mount(self) -> None:
        """Mount it."""
        subprocess.run(["mount", "-o", "loop,nosuid", str(self.image), str(self.place)], check=True)


@contextmanager
def disk(place: Path, size: int = 1 << 30) -> Iterator[Disk]:
    """Make one and mount it below `place`; it is unmounted whatever happens."""
    image, mounted = place / "disk.img", place / "disk"
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    mounted.mkdir()
    made = Disk(image, mounted)
    made.mount()
    mounted.chmod(0o711)
    try:
        yield made
    finally:
        subprocess.run(["umount", "-l", str(mounted)], check=False)
        image.unlink()
