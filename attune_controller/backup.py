"""Backup: a folder that holds all that a controller cannot get again, made while it runs, whole or not there at all.

Called by `attune controller backup`, in a process of its own on the controller's host; `restore` brings one back. The manifest names
every file with its hash and is written last. What is not in it is fetched anew (the mirror of the repository) or belongs to the moment.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from attune_controller.errors import BackupRefused, BackupUnusable
from attune_controller.identity.private_file import sync_folder, write_private
from attune_controller.store.sqlite.copying import copy_store
from attune_core.damage import Damage
from attune_core.failpoints import failpoint
from attune_core.models.base import DocumentModel
from attune_core.version import VERSION

MANIFEST, FORMAT = "manifest.json", 1
#: Folders of the state directory of which every regular file is kept, besides the store; and files beside them.
FOLDERS, FILES = ("ca", "secrets", "packs"), ("admin-token",)
_CHUNK = 1 << 20


def _inside(path: str) -> str:
    """Refuse a path that leads out of the directory: a manifest may be anybody's."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or len(pure.parts) not in (1, 2) or str(pure) != path:
        raise ValueError("a file of a state directory or of a folder in it")
    return path


class KeptFile(DocumentModel):
    """One file of a backup, by its path in the state directory."""

    path: Annotated[str, Field(max_length=400), AfterValidator(_inside)]
    size: Annotated[int, Field(ge=0)]
    mode: Annotated[int, Field(ge=0, le=0o777)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Manifest(DocumentModel):
    """What a backup holds."""

    format: int
    version: str
    store_version: int
    #: The life of the store that was copied; what is restored has another one.
    incarnation: str
    made_at: float
    files: Annotated[tuple[KeptFile, ...], Field(strict=False)]


def make_backup(state: Path, into: Path, *, now: float) -> Manifest:
    """Copy a controller's state directory; `BackupRefused` for a place that is not free, and the store's errors."""
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise BackupRefused(f"{into} is there already and is not empty")
    if not (state / "store").is_dir():
        raise BackupRefused(f"{state} holds no controller's store", hint="name the controller's state directory: --state DIR")
    part = into.with_name(f".{into.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # left by a backup that died
    try:
        part.mkdir(mode=0o700, parents=True)
        copied = copy_store(state / "store", part / "store")
        failpoint("c12")
        for path in _others(state):  # after the store: what it names is written before it names it
            _copy(state / path, part / path)
        files = tuple(_described(part, path.relative_to(part)) for path in sorted(part.rglob("*")) if path.is_file())
        manifest = Manifest(
            format=FORMAT,
            version=VERSION,
            store_version=copied.version,
            incarnation=copied.incarnation,
            made_at=now,
            files=files,
        )
        write_private(part / MANIFEST, manifest.model_dump_json(indent=1).encode())
        sync_folders(part)
        put_in_place(part, into)
    except OSError as error:
        raise BackupRefused(f"{error.filename or into}: {error.strerror}", hint="check the space and the permissions there") from error
    return manifest


def read_manifest(backup: Path) -> Manifest:
    """Return a backup's manifest after every file was compared with it; `BackupUnusable` names the first that differs."""
    manifest = _read(backup)
    for damage in _differences(backup, manifest):
        raise BackupUnusable(f"{damage.file}: {damage.what}")
    return manifest


def check_backup(backup: Path) -> Iterator[Damage]:
    """Yield what of a backup is not as it was made."""
    try:
        yield from _differences(backup, _read(backup))
    except BackupUnusable as error:
        yield Damage(file=str(backup / MANIFEST), place="the file", what=str(error))


def _read(backup: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate_json((backup / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise BackupUnusable(f"{backup} has no {MANIFEST}, so it is no backup, or not a whole one") from error
    except (OSError, ValidationError) as error:
        raise BackupUnusable(f"{backup / MANIFEST} cannot be read: {str(error).splitlines()[0]}") from error
    if manifest.format != FORMAT:
        raise BackupUnusable(f"{backup} has format {manifest.format}, this version reads {FORMAT}")
    return manifest


def _differences(backup: Path, manifest: Manifest) -> Iterator[Damage]:
    for kept in manifest.files:
        try:
            found = _described(backup, Path(kept.path))
            what = "" if (found.size, found.sha256) == (kept.size, kept.sha256) else "it is not as it was when the backup was made"
        except OSError as error:
            what = error.strerror or "it cannot be read"
        if what:
            yield Damage(file=str(backup / kept.path), place="the file", what=what)


def copy_kept(backup: Path, manifest: Manifest, into: Path) -> None:
    """Copy what a manifest names, with its owner's modes: it is nobody else's, whatever a manifest says."""
    for kept in manifest.files:
        _copy(backup / kept.path, into / kept.path)
        (into / kept.path).chmod(kept.mode & 0o700)


def put_in_place(part: Path, place: Path) -> None:
    """Give a finished folder its name, durably; an empty folder there is replaced."""
    part.rename(place)
    sync_folder(place.parent)


def sync_folders(root: Path) -> None:
    """Make the names in a folder and in those below durable."""
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        sync_folder(folder)


def _others(state: Path) -> Iterator[Path]:
    for name in FOLDERS:
        if (state / name).is_dir():
            yield from (Path(name, path.name) for path in sorted((state / name).iterdir()) if path.suffix != ".part" and path.is_file())
    yield from (Path(name) for name in FILES if (state / name).is_file())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        reading = source.open("rb")
    except FileNotFoundError:
        return  # a pack that nothing needs any more
    # By descriptor, which Path cannot: a new file, and nobody else's from its first moment on.
    with reading, open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as writing:  # noqa: PTH123
        shutil.copyfileobj(reading, writing, _CHUNK)
        writing.flush()
        os.fsync(writing.fileno())
        os.fchmod(writing.fileno(), os.fstat(reading.fileno()).st_mode & 0o700)


def _described(root: Path, path: Path) -> KeptFile:
    digest = hashlib.sha256()
    # Not through a link, and a pipe has nothing to read.
    with os.fdopen(os.open(root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        stat = os.fstat(file.fileno())
    return KeptFile(path=str(path), size=stat.st_size, mode=stat.st_mode & 0o777, sha256=digest.hexdigest())
