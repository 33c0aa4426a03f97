"""The store's folder: whose it is, of which format, and who has it open.

Called by opening.py before SQLite touches anything. Files: `format`, `lock`, `store.sqlite` (with `-wal` and `-shm`), all 0600.
"""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from attune_controller.store.errors import LocksMissing, StoreFailed, StoreLocked, StoreReplaced, UnknownFormat

FORMAT = "attune-controller-store 1\n"
DATABASE = "store.sqlite"
#: Device and inode.
FileIdentity: TypeAlias = tuple[int, int]


def claim(folder: Path) -> int:
    """Make the folder if needed, check its format and lock it; return the descriptor that holds the lock while it is open.

    `UnknownFormat`, `StoreLocked`, or `StoreFailed` when the folder cannot be written. What is not ours is left as it was.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = check_format(folder)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StoreFailed(f"cannot use the folder {folder}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _check_locked(folder / "lock")
        if not known:
            _begin(folder)
        return lock
    except LocksMissing:
        os.close(lock)
        raise
    except BlockingIOError as error:
        os.close(lock)
        raise StoreLocked(f"another controller has {folder} open") from error
    except OSError as error:
        os.close(lock)
        raise StoreFailed(f"cannot write into the folder {folder}: {error.strerror}") from error


def _check_locked(place: Path) -> None:
    """Raise `LocksMissing` when somebody else would get the lock that is held."""
    other = os.open(place, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    finally:
        os.close(other)
    raise LocksMissing(f"the lock of {place} could be had twice")


def check_format(folder: Path) -> bool:
    """Tell whether it holds a store of ours already."""
    try:
        with (folder / "format").open(encoding="utf-8", errors="replace") as file:
            text = file.read(len(FORMAT) + 1)
    except FileNotFoundError:
        if (folder / DATABASE).exists():
            raise UnknownFormat(f"{folder} holds a store without a format") from None
        return False
    if text != FORMAT:
        raise UnknownFormat(f"{folder} has the format {text.strip()!r}, not {FORMAT.strip()!r}")
    return True


def _begin(folder: Path) -> None:
    """Write the format durably, before there is a database: a database never stands without it."""
    fresh = folder / "format.new"
    write_durably(fresh, FORMAT)
    fresh.replace(folder / "format")
    _sync(folder)


def make_database(folder: Path) -> Path:
    """Return the database's path; made empty and private first, because SQLite gives `-wal` and `-shm` the same mode."""
    place = folder / DATABASE
    if not place.exists():
        write_durably(place, "")
        _sync(folder)
    return place


def identities(place: Path) -> Mapping[Path, FileIdentity]:
    """Return which files the database and its log are, once both are open."""
    found = {path: path.stat() for path in (place, place.with_name(f"{place.name}-wal"))}
    return {path: (stat.st_dev, stat.st_ino) for path, stat in found.items()}


def check_identities(known: Mapping[Path, FileIdentity]) -> None:
    """Raise `StoreReplaced` when another file, or none, stands where an open one should: what is written now would not be found again."""
    for place, identity in known.items():
        try:
            stat = place.stat()
        except FileNotFoundError as error:
            raise StoreReplaced(f"{place} was removed while the controller had it open") from error
        except OSError as error:
            raise StoreFailed(f"{place}: {error.strerror}") from error
        if (stat.st_dev, stat.st_ino) != identity:
            raise StoreReplaced(f"{place} was replaced while the controller had it open")


def write_durably(place: Path, text: str) -> None:
    """Write a file that nobody else may read, and wait for the disk."""
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
