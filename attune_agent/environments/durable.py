"""Making files durable that somebody else wrote, before a mark vouches for them.

Called by `ready` (installers do not fsync) and by `packs`.
"""

import ctypes
import os
from pathlib import Path


def sync_filesystem(place: Path) -> None:
    """Write out the file system that holds a folder (syncfs(2)); without it a mark could outlive the content in a power cut. Blocks."""
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), "syncfs failed", str(place))
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
