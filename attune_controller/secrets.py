"""ControllerSecrets: the controller's own secrets, one 0600 file each in <state>/secrets; rules cannot name them, agents never see them.

Asked by hooks at every delivery, so that a changed file holds at once. A value is kept for as long as the file says that it is the one that
was read, which a `stat` tells; of a file that is changed or gone nothing is given again. Deliveries within a millisecond share one `stat`.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from attune_controller.errors import SecretUnusable
from attune_controller.identity.private_file import FileExposed, read_private
from attune_core.names import is_name

#: Bytes of a secret; a longer one is a mistake.
LIMIT = 64 << 10
#: Seconds that a file's last change must be ago for its value to be kept: one that follows at once may bear the same time.
SETTLED = 2.0
#: Seconds for which one look at the file is good: each one gives up Python's lock, which a busy loop gets back late.
LOOK = 0.001
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


@dataclass(slots=True)
class _Kept:
    """A value, which file it was read from, and when that was last seen to be the same (monotonic)."""

    identity: _Identity
    value: bytes
    seen: float


class ControllerSecrets:
    """A folder of secrets."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it may be missing while there are none."""
        self._folder = folder
        self._kept: dict[str, _Kept] = {}

    def get(self, name: str) -> bytes | None:
        """Return a secret's value without one newline at its end, None when there is none; `SecretUnusable` never repeats any of it."""
        if not is_name(name):
            return None
        kept, now = self._kept.get(name), time.monotonic()
        if kept and now - kept.seen < LOOK:
            return kept.value
        place = f"{self._folder}/{name}"
        found = _identity(place)
        if found and kept and kept.identity == found:
            kept.seen = now
            return kept.value
        self._kept.pop(name, None)
        value = self._read(place)
        if value is not None and found and _is_settled(found) and _identity(place) == found:
            if len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[name] = _Kept(found, value, now)
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
        found = os.stat(place, follow_symlinks=False)  # noqa: PTH116 - asked by hooks; a Path's takes twice the time
    except OSError:
        return None
    return _Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)


def _is_settled(identity: _Identity) -> bool:
    return time.time() - max(identity.modified, identity.changed) / 1e9 > SETTLED
