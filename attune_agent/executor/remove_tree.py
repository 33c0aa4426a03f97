"""Removing a directory's content whatever its owner did to it: modes 000, a million files, a hundred thousand levels, links.

Called by the keeper as the attempt's own uid (so a trick can only hurt that uid) and by `sweep` after a keeper's death. Deep trees
are flattened by renaming each inner directory to the top, so neither the stack nor the descriptors grow with the depth.
"""

import contextlib
import os
from collections.abc import Iterator
from itertools import count

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def empty_directory(top: int) -> bool:
    """Remove everything in the directory behind this descriptor; tell whether it is empty now."""
    with contextlib.suppress(OSError):
        _permit(top, None)
    names = (f".removing-{number}" for number in count())
    while found := os.listdir(top):
        moved = [_remove(top, name, names) for name in found]
        if True not in moved:
            return False
    return True


def open_directory(name: str, parent: int | None = None) -> int:
    """Open a directory that is no link, also one without permissions of which the caller is the owner."""
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except PermissionError:
        _permit(name, parent)
        return os.open(name, _FOLDER, dir_fd=parent)


def _remove(top: int, name: str, names: Iterator[str]) -> bool:
    """Remove one entry of the top directory; tell whether anything moved on."""
    try:
        os.unlink(name, dir_fd=top)
    except IsADirectoryError:
        return _remove_directory(top, name, names)
    except OSError:
        return False
    return True


def _remove_directory(top: int, name: str, names: Iterator[str]) -> bool:
    try:
        os.rmdir(name, dir_fd=top)
    except OSError:
        return _hollow_out(top, name, names)
    return True


def _hollow_out(top: int, name: str, names: Iterator[str]) -> bool:
    """Unlink a directory's files, bring its directories up to the top, remove it."""
    try:
        inner = open_directory(name, top)
    except OSError:
        return False
    moved = False
    try:
        _permit(inner, None)
        for entry in os.listdir(inner):  # noqa: PTH208 - a descriptor, not a path
            moved = _unlink_or_raise_up(inner, entry, top, names) or moved
    except OSError:
        return moved
    finally:
        os.close(inner)
    with contextlib.suppress(OSError):
        os.rmdir(name, dir_fd=top)
        moved = True
    return moved


def _unlink_or_raise_up(inner: int, entry: str, top: int, names: Iterator[str]) -> bool:
    try:
        os.unlink(entry, dir_fd=inner)
    except IsADirectoryError:
        try:
            os.rmdir(entry, dir_fd=inner)
        except OSError:
            return _raise_up(inner, entry, top, names)
    except OSError:
        return False
    return True


def _raise_up(inner: int, entry: str, top: int, names: Iterator[str]) -> bool:
    with contextlib.suppress(OSError):
        # Moving a directory to another parent writes its `..`, which needs permission on the directory itself.
        _permit(entry, inner)
        os.rename(entry, next(names), src_dir_fd=inner, dst_dir_fd=top)
        return True
    return False


def _permit(target: str | int, parent: int | None) -> None:
    """Give the owner his permissions back; root needs none, and must not change modes where somebody may swap a link in."""
    if os.geteuid() != 0:
        os.chmod(target, 0o700, dir_fd=parent)
