"""Writing a verified pack to the disk: files and folders only, nothing writable by anybody, the mark last.

Called by `packs` in a thread. A copy without its mark is removed and written again, never completed.
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from attune_agent.environments.durable import sync_filesystem, sync_folder
from attune_core.catalog.archive import Member

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def mark_of(copy: Path) -> Path:
    """Return where the mark of a copy stands: beside it, so that the copy is the pack and nothing else."""
    return copy.with_name(f"{copy.name}.complete")


def is_complete(copy: Path, digest: str) -> bool:
    """Tell whether a copy is whole and of this very pack."""
    try:
        return mark_of(copy).read_text(encoding="ascii") == digest
    except (OSError, UnicodeDecodeError):
        return False


def write_copy(copy: Path, digest: str, members: Iterable[Member], links: Mapping[str, Path]) -> None:
    """Write the members and links, make them durable, then the mark. Blocks."""
    copy.parent.mkdir(mode=0o755, exist_ok=True)
    copy.parent.chmod(0o755)  # whatever the umask is: actions must pass
    remove_copy(copy)
    copy.mkdir()
    folders = {copy}
    for member in members:
        path = copy / member.path
        _make_folders(path.parent, folders)
        descriptor = os.open(path, _NEW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(member.content)
            os.fchmod(descriptor, member.mode & 0o555)
    for name, target in links.items():
        (copy / name).symlink_to(target)
    for folder in folders:
        folder.chmod(0o555)
    sync_filesystem(copy.parent)
    _write_mark(mark_of(copy), digest)


def remove_copy(copy: Path) -> None:
    """Remove a copy and, before it, its mark."""
    mark_of(copy).unlink(missing_ok=True)
    if copy.is_dir() and not copy.is_symlink():
        for folder, _, _ in os.walk(copy):
            Path(folder).chmod(0o700)
        shutil.rmtree(copy)


def _make_folders(folder: Path, known: set[Path]) -> None:
    if folder not in known:
        _make_folders(folder.parent, known)
        folder.mkdir()
        known.add(folder)


def _write_mark(path: Path, digest: str) -> None:
    with os.fdopen(os.open(path, _NEW, 0o644), "w", encoding="ascii") as file:
        file.write(digest)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
