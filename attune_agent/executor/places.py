"""The executor's directories: who owns them, who may look into them, and what is made in them for one attempt.

`main` prepares them, `slots` and `starting` make what an attempt needs. Everything below a directory that another uid may write in is made
relative to an open descriptor and never through a link.
"""

import contextlib
import errno
import fcntl
import json
import os
import secrets
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from attune_agent.executor.identities import Identities
from attune_agent.executor.remove_tree import open_directory

FORMAT = 1
#: Begins with a point, so that it is no month of logs.
SPOOLS = ".spools"
#: What a first byte needs: the folders of month, execution and attempt, and a file.
_LOG_INODES = 4


class PlaceUnusable(Exception):
    """A directory cannot serve; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Places:
    """Absolute paths."""

    state: Path
    run: Path
    logs: Path
    environments: Path

    @property
    def journal(self) -> Path:
        """Return the directory of the journal's segments."""
        return self.state / "journal"

    @property
    def spools(self) -> Path:
        """Return the directory above the spools of sensors; among the logs, because the agent reads it as it reads them."""
        return self.logs / SPOOLS

    @property
    def work(self) -> Path:
        """Return the directory above the private directories."""
        return self.run / "work"

    @property
    def all(self) -> tuple[Path, ...]:
        """Return the directories that this executor was given."""
        return self.state, self.run, self.logs, self.environments

    def of_slot(self, slot: int) -> Path:
        """Return the directory that holds the private directories of one slot."""
        return self.work / str(slot)

    def log_directory(self, execution: str, attempt: int) -> str:
        """Return where the log of an attempt that starts now is written."""
        return f"{self.logs}/{time.strftime('%Y-%m', time.gmtime())}/{execution}/{attempt}"

    def tree(self, environment: str) -> str:
        """Return where an environment is built."""
        return f"{self.environments}/{environment}/tree"


def lock_state(places: Places) -> int:
    """Take the state directory for this process; the returned descriptor holds the lock."""
    places.journal.mkdir(mode=0o700, parents=True, exist_ok=True)
    places.state.chmod(0o700)
    descriptor = os.open(places.state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise PlaceUnusable(f"{places.state} is in use by another executor") from error
    return descriptor


def state_id(places: Places) -> str:
    """Return the state directory's random id, made durable when it is new; an unknown format is refused."""
    path = places.state / "format"
    try:
        known: object = json.loads(path.read_bytes())
    except FileNotFoundError:
        return _new_state(path)
    except ValueError as error:
        raise PlaceUnusable(f"{path} is not readable: {error}") from error
    if not isinstance(known, dict) or known.get("format") != FORMAT or not isinstance(known.get("id"), str):
        raise PlaceUnusable(f"{path}: this executor reads format {FORMAT} only")
    return str(known["id"])


def prepare(places: Places, identities: Identities, slots: range) -> None:
    """Make the directories and give them the modes of design §5, State."""
    if not places.run.exists():
        places.run.mkdir(parents=True)
        places.run.chmod(0o755)
    for path in (places.work, *map(places.of_slot, slots)):
        path.mkdir(mode=0o711, exist_ok=True)
        path.chmod(0o711)
    places.logs.mkdir(mode=0o750, parents=True, exist_ok=True)
    places.environments.mkdir(mode=0o755, parents=True, exist_ok=True)
    builder = identities.of_slot(0).uid
    if builder is not None:
        # New directories and files take the group of a set-gid directory: no chown for each attempt.
        os.chown(places.logs, 0, identities.agent_gid)
        places.logs.chmod(0o2750)
        os.chown(places.environments, identities.agent_uid, -1)
        _refuse_closed_ancestors(places.work)
        _refuse_closed_ancestors(places.environments)
    places.environments.chmod(0o755)
    places.spools.mkdir(mode=0o750, exist_ok=True)
    with _folder(places.environments) as environments:
        _owned_directory(environments, ".cache", builder, 0o700)


def make_tree(places: Places, builder: int | None, environment: str) -> None:
    """Make `<environments>/<key>/tree`: the key's directory belongs to whom `environments` belongs, the tree to the build user."""
    with _folder(places.environments) as environments:
        agent = None if builder is None else os.fstat(environments).st_uid
        _owned_directory(environments, environment, agent, 0o755)
        with _folder(environment, environments) as entry:
            _owned_directory(entry, "tree", builder, 0o755)


def make_private(path: str, owner: tuple[int, int] | None) -> None:
    """Make the empty private directory for an attempt of this uid and gid."""
    os.mkdir(path, 0o700)  # noqa: PTH102 - pathlib costs as much again as the call, for every start
    if owner is not None:
        os.chown(path, *owner, follow_symlinks=False)


def make_log_directory(path: str) -> None:
    """Make a log directory: of a build before it starts, because builds are counted by theirs, of an attempt at its first byte."""
    Path(path).mkdir(mode=0o750, parents=True, exist_ok=True)


def require_room_for_logs(logs: Path) -> None:
    """Raise ENOSPC where no log could be begun: nothing starts on a full disk, though most actions say little."""
    left = os.statvfs(logs)
    if left.f_bfree == 0 or (left.f_files > 0 and left.f_ffree < _LOG_INODES):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(logs))


def remove_log_directory(path: str) -> None:
    """Undo `make_log_directory` for a start that was refused."""
    with contextlib.suppress(OSError):
        Path(path).rmdir()
        Path(path).parent.rmdir()


def open_log_file(directory: str, name: str) -> int:
    """Make and open one file of a log, and its directory with the first; one left by a start that never became durable is emptied."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(f"{directory}/{name}", flags, 0o640)
    except FileNotFoundError:
        make_log_directory(directory)
        return os.open(f"{directory}/{name}", flags, 0o640)


def on_memory(path: Path) -> bool:
    """Tell whether a directory lies on a tmpfs or ramfs, as the kernel's mount table says (proc(5), mountinfo)."""
    device, kinds = path.stat().st_dev, set[str]()
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split()
        if fields[2] == f"{os.major(device)}:{os.minor(device)}":
            kinds.add(fields[fields.index("-") + 1])
    return bool(kinds) and kinds <= {"tmpfs", "ramfs"}


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _new_state(path: Path) -> str:
    """Write the format file whole or not at all."""
    new, identifier = path.with_suffix(".new"), secrets.token_hex(16)
    with new.open("wb") as file:
        file.write(json.dumps({"format": FORMAT, "id": identifier}).encode())
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_directory(path.parent)
    return identifier


@contextlib.contextmanager
def _folder(path: Path | str, parent: int | None = None) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _refuse_closed_ancestors(path: Path) -> None:
    """Say now what would otherwise fail in every attempt: its uid is nobody's and enters only what everybody may enter."""
    for ancestor in path.parents:
        if not ancestor.stat().st_mode & stat.S_IXOTH:
            raise PlaceUnusable(f"{path} must be reachable for the attempts' uids, but only its owner may enter {ancestor}")


def _owned_directory(parent: int, name: str, owner: int | None, mode: int) -> None:
    """Make a directory for an owner; one that is there already must be theirs."""
    try:
        os.mkdir(name, mode, dir_fd=parent)
        fresh = True
    except FileExistsError:
        fresh = False
    descriptor = open_directory(name, parent)
    try:
        found = os.fstat(descriptor)
        if owner is not None and found.st_uid != owner:
            if not fresh:
                raise PlaceUnusable(f"{name} belongs to uid {found.st_uid}, not to {owner}")
            os.fchown(descriptor, owner, owner)
        if stat.S_IMODE(found.st_mode) != mode:
            os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
