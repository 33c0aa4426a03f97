"""Who uses which environment: an agent holds a shared lock on it from the preparation of an execution until the execution is settled.

Called by `environments` (take), by the composition root for what is settled (release) and for what was found running after a restart.
The lock's file also says when the environment was last used: its modification time.
"""

import contextlib
import os
from pathlib import Path

from attune_agent.environments.file_locks import try_lock

#: The file beside READY; its modification time is the last use.
USED = "used"


class Holds:
    """The environments in use by the executions of one agent; a second agent of the host has its own."""

    def __init__(self, root: Path) -> None:
        """Take the folder of all environments."""
        self._root = root
        self._key_of: dict[str, str] = {}
        self._locks: dict[str, int] = {}

    def take(self, execution: str, key: str) -> bool:
        """Hold an environment for an execution, and no other one; False while it is being removed or when it is not there."""
        if self._key_of.get(execution) != key:
            self.release(execution)
            if key not in self._locks and not self._lock(key):
                return False
            self._key_of[execution] = key
        os.utime(self._locks[key])
        return True

    def release(self, execution: str) -> None:
        """Say that an execution is settled; harmless for one that held nothing."""
        key = self._key_of.pop(execution, None)
        if key is None:
            return
        with contextlib.suppress(OSError):  # a full disk must not stop a settlement
            os.utime(self._locks[key])
        if key not in self._key_of.values():
            os.close(self._locks.pop(key))

    def _lock(self, key: str) -> bool:
        try:
            descriptor = try_lock(self._root / key / USED, shared=True)
        except FileNotFoundError:
            return False
        if descriptor is None:
            return False
        self._locks[key] = descriptor
        return True
