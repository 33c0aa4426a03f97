"""ControllerSecrets: the controller's own secrets, one 0600 file each in <state>/secrets; rules cannot name them, agents never see them.

Asked by hooks at every delivery, so that a changed file holds at once. A value is kept for as long as the file says that it is the one that
was read, which a `stat` tells; of a file that is changed or gone nothing is given again.
"""

import os
import time
from pathlib import Path
from typing import NamedTuple

from attune_controller.errors import SecretUnusable
from attune_controller.identity.private_file import FileExposed, read_private
from attune_core.names import is_name

#: Bytes of a secret; a longer one is a mistake.
LIMIT = 64 << 10
#: Seconds that a file's last change must be ago for its value to be kept: one that follows at once may bear the same time.
SETTLED = 2.0
#: Values that are kept; more secrets than these are read more often.
KEPT = 64


class _Identity(NamedTuple):
    """What does not stay the same when a file's content, its mode or its owner changes."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int
    mode: int


class ControllerSecrets:
    """A folder of secrets."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it may be missing while there are none."""
        self._folder = folder
        self._kept: dict[str, tuple[_Identity, bytes]] = {}

    def get(self, name: str) -> bytes | None:
        """Return a secret's value without one newline at its end, None when there is none; `SecretUnusable` never repeats any of it."""
        if not is_name(name):
            return None
        place = f"{self._folder}/{name}"
        found, kept = _identity(place), self._kept.get(name)
        if found and kept and kept[0] == found:
            return kept[1]
        self._kept.pop(name, None)
        value = self._read(place)
        if value is not None and found and _is_settled(found) and _identity(place) == found:
            if len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[name] = found, value
        return value

    def _read(self, place: str) -> bytes | None:
        try:
            value = read_private(place, limit=LIMIT + 1)
        except FileNotFoundError:
            return None
        except FileExposed as error:
            raise SecretUnusable(str(error)) from error
        except OSError as error:
            raise SecretUnusable(f"{place}: {error.strerror}") from error
        if len(value) > LIMIT:
            raise SecretUnusable(f"{place} has more than {LIMIT} bytes")
        return value.removesuffix(b"\n")


def _identity(place: str) -> _Identity | None:
    try:
        found = os.stat(place, follow_symlinks=False)  # noqa: PTH116 - twice as fast as a Path's, for each delivery
    except OSError:
        return None
    return _Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)


def _is_settled(identity: _Identity) -> bool:
    return time.time() - max(identity.modified, identity.changed) / 1e9 > SETTLED
