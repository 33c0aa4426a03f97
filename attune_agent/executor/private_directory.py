"""An attempt's private directory (`home`, `tmp`, `result`, sometimes `input`): made before the start, read and removed after the end.

The executor makes the empty directory for the slot's uid; the keeper, as that uid, does the rest, so a link, FIFO or mode that the
action leaves there reaches no further than the action could itself.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from attune_agent.executor.protocol import ResultState
from attune_agent.executor.remove_tree import empty_directory, open_directory

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class PrivateDirectory:
    """One attempt's directory, seen by the keeper."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._top = open_directory(path)
        try:
            os.mkdir("home", 0o700, dir_fd=self._top)
            os.mkdir("tmp", 0o700, dir_fd=self._top)
        except OSError:
            os.close(self._top)
            raise

    def variables(self) -> dict[str, str]:
        """Return what the action is told about it."""
        return {"HOME": f"{self.path}/home", "TMPDIR": f"{self.path}/tmp", "ATTUNE_RESULT": f"{self.path}/result"}  # noqa: S108 - below a private one

    def write_input(self, document: bytes) -> str:
        """Write the Input beside them, 0600, and return its path."""
        descriptor = os.open("input", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=self._top)
        with os.fdopen(descriptor, "wb") as file:
            file.write(document)
        return f"{self.path}/input"

    def write_home(self, files: Mapping[str, bytes]) -> None:
        """Write files below HOME, 0600; it is still empty, so nothing stands in the way and no link is followed."""
        for name, content in files.items():
            path = Path(self.path, "home", name)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)

    def read_result(self, limit: int) -> tuple[ResultState, bytes]:
        """Return the Result file's content if it is a regular file of at most `limit` bytes."""
        with contextlib.suppress(OSError):
            os.fchmod(self._top, 0o700)
        try:
            descriptor = self._open_result()
        except FileNotFoundError:
            return "missing", b""
        except OSError:
            return "not_regular", b""
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return "not_regular", b""
            body = _read_up_to(descriptor, limit + 1)
        except OSError:
            return "not_regular", b""
        finally:
            os.close(descriptor)
        return ("too_large", b"") if len(body) > limit else ("ok", body)

    def remove_content(self) -> None:
        """Remove what is in it, as far as its own uid can; the directory itself is the executor's to remove."""
        with contextlib.suppress(OSError):
            if not self._was_as_made():
                empty_directory(self._top)
        os.close(self._top)

    def _was_as_made(self) -> bool:
        """Remove what was made here, and tell whether nothing else is there, as after most attempts."""
        try:
            os.rmdir("home", dir_fd=self._top)
            os.rmdir("tmp", dir_fd=self._top)
            return not os.listdir(self._top)  # noqa: PTH208 - a descriptor, not a path
        except OSError:
            return False

    def _open_result(self) -> int:
        try:
            return os.open("result", _READ, dir_fd=self._top)
        except PermissionError:
            if not stat.S_ISREG(os.stat("result", dir_fd=self._top, follow_symlinks=False).st_mode):
                raise OSError(errno.EINVAL, "not a regular file") from None
            os.chmod("result", 0o600, dir_fd=self._top)
            return os.open("result", _READ, dir_fd=self._top)


def _read_up_to(descriptor: int, limit: int) -> bytes:
    parts: list[bytes] = []
    while limit > 0 and (part := os.read(descriptor, min(limit, 1 << 20))):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)
