"""Removing a directory's content whatever its owner did to it: modes 000, a million files, a hundred thousand levels, links.

Called by the keeper as the attempt's own uid (so a trick can only hurt that uid) and by `slots` for what other uids put there. One pass,
one descriptor, no recursion: the way back up is `..`, held against what was seen on the way down. (Flattening the tree by renames
instead took ten times as long on ext4.)
"""

import contextlib
import os

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def empty_directory(top: int) -> bool:
    """Remove everything in the directory behind this descriptor; tell whether it is empty now."""
    with contextlib.suppress(OSError):
        _permit(top, None)
    removal = _Removal(os.open(".", _FOLDER, dir_fd=top))
    try:
        removal.run()
    except _Moved:
        return False
    finally:
        os.close(removal.here)
    return removal.whole


def open_directory(name: str, parent: int | None = None) -> int:
    """Open a directory that is no link, also one without permissions of which the caller is the owner."""
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except PermissionError:
        _permit(name, parent)
        return os.open(name, _FOLDER, dir_fd=parent)


class _Moved(Exception):
    """Somebody moves directories while they are being removed."""


class _Removal:
    """One walk through a tree."""

    def __init__(self, here: int) -> None:
        self.here = here
        self.whole = True
        self._way: list[tuple[str, tuple[int, int]]] = []  # names gone down, each with the identity of the directory that holds it
        self._left: list[list[str]] = []

    def run(self) -> None:
        """Remove what is below; `whole` says afterwards whether all of it went."""
        self._left.append(self._remove_plain())
        while True:
            if self._left[-1]:
                self._go_down(self._left[-1].pop())
            elif self._way:
                self._go_up()
            else:
                return

    def _remove_plain(self) -> list[str]:
        """Remove what is no directory, and empty directories; return the names of the others."""
        try:
            _permit(self.here, None)
            return [name for name in os.listdir(self.here) if not self._removed(name)]  # noqa: PTH208 - a descriptor, not a path
        except OSError:
            self.whole = False
            return []

    def _removed(self, name: str) -> bool:
        try:
            os.unlink(name, dir_fd=self.here)
        except IsADirectoryError:
            return self._removed_directory(name)
        except OSError:
            self.whole = False
        return True

    def _removed_directory(self, name: str) -> bool:
        try:
            os.rmdir(name, dir_fd=self.here)
        except OSError:
            return False
        return True

    def _go_down(self, name: str) -> None:
        try:
            holder = _identity(self.here)
            below = open_directory(name, self.here)
        except OSError:
            self.whole = False
            return
        self._way.append((name, holder))
        os.close(self.here)
        self.here = below
        self._left.append(self._remove_plain())

    def _go_up(self) -> None:
        name, holder = self._way.pop()
        self._left.pop()
        try:
            above = os.open("..", _FOLDER, dir_fd=self.here)
        except OSError as error:
            raise _Moved from error
        os.close(self.here)
        self.here = above
        if _identity(above) != holder:
            raise _Moved
        if not self._removed_directory(name):
            self.whole = False


def _identity(folder: int) -> tuple[int, int]:
    state = os.fstat(folder)
    return state.st_dev, state.st_ino


def _permit(target: str | int, parent: int | None) -> None:
    """Give the owner his permissions back; root needs none, and must not change modes where somebody may swap a link in."""
    if os.geteuid() != 0:
        os.chmod(target, 0o700, dir_fd=parent)
