"""Owners and modes of what the programs keep (design §5), and the way there for attempts' uids; called by `table`."""

import os
import pwd
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from attune_cli.doctor.facts import Entries, Entry, Passage, User
from attune_cli.doctor.findings import Unseen
from attune_cli.doctor.here import Here
from attune_cli.profiles import profile_directory

_ROOT = "sudo attune doctor"
#: A pattern below the state directory -> its mode, and the bits that other users need to get through.
_CONTROLLER: Sequence[tuple[str, int, int]] = (
    (".", 0o700, 0),
    ("ca", 0o700, 0),
    ("ca/*", 0o600, 0),
    ("store", 0o700, 0),
    ("store/*", 0o600, 0),
    ("secrets", 0o700, 0),
    ("secrets/*", 0o600, 0),
    ("admin-token", 0o600, 0),
    ("listening.json", 0o600, 0),
)
_AGENT: Sequence[tuple[str, int, int]] = (
    (".", 0o711, 0o001),
    ("agent", 0o700, 0),
    ("agent/key.pem", 0o600, 0),
    ("agent/cert.pem", 0o600, 0),
    ("agent/ca.pem", 0o600, 0),
    ("agent/controller.json", 0o600, 0),
    ("agent/agent.sqlite*", 0o600, 0),
    ("agent/secrets", 0o700, 0),
    ("agent/secrets/*", 0o600, 0),
    ("packs", 0o755, 0o005),
    ("environments", 0o755, 0o005),
    ("logs", 0o750, 0),
)
_EXECUTOR: Sequence[tuple[str, int, int]] = ((".", 0o700, 0), ("journal", 0o700, 0), ("journal/*", 0o600, 0), ("lock", 0o600, 0))
#: Of a folder of many files no more than these are looked at.
_MOST = 1000


def entries(here: Here) -> Iterator[Entries | Unseen]:
    """Yield what is there of each program, beside how it should be."""
    if here.controller:
        yield from _below("controller", here.controller.state, _CONTROLLER)
    if here.agent:
        layout = here.agent.layout
        yield from _below("agent", layout.state, _AGENT, root_owned=frozenset({"logs"}), owner_of=layout.agent)
        yield from _below("executor", here.agent.executor_state, _EXECUTOR)
    if here.profile:
        path = profile_directory() / f"{here.profile.name}.json"
        yield Entries(program="profile", about=str(path), entries=(_entry(path, 0o600, 0, os.geteuid()),))


def users(here: Here) -> Iterator[User | Unseen]:
    """Yield to whom the states belong."""
    found = [("controller", here.controller.state)] if here.controller else []
    if here.agent:
        found += [("agent", here.agent.layout.agent), ("executor", here.agent.executor_state)]
    for program, path in found:
        try:
            uid = path.stat().st_uid
        except FileNotFoundError:
            continue
        except OSError as error:
            yield Unseen(program=program, about=str(path), why=error.strerror or str(error), remedy=_ROOT)
            continue
        yield User(program=program, path=str(path), uid=uid, name=name_of(uid))


def passages(here: Here) -> Iterator[Passage]:
    """Yield the ways that attempts' uids have to go."""
    if not here.agent:
        return
    layout = here.agent.layout
    for path in (layout.packs, layout.environments, layout.run):
        yield Passage(program="agent", path=str(path), closed=tuple(closed_above(path)))


def closed_above(path: Path) -> Iterator[str]:
    """Yield the folders above a path that other users cannot pass."""
    for folder in reversed(path.parents):
        try:
            if not folder.stat().st_mode & 0o001:
                yield str(folder)
        except OSError:
            return  # not there, or below one that was named


def name_of(uid: int) -> str:
    """Return a user's name, nothing for nobody's uid."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _below(
    program: str,
    state: Path,
    wanted: Sequence[tuple[str, int, int]],
    *,
    root_owned: frozenset[str] = frozenset(),
    owner_of: Path | None = None,
) -> Iterator[Entries | Unseen]:
    try:
        if not state.exists():
            yield Unseen(program=program, about=str(state), why="is made at the first start")
            return
        state_owner = state.stat().st_uid
        owner = owner_of.stat().st_uid if owner_of and owner_of.exists() else state_owner
    except OSError as error:
        yield Unseen(program=program, about=str(state), why=error.strerror or str(error), remedy=_ROOT)
        return
    found: list[Entry] = []
    for pattern, mode, open_to in wanted:
        for path in [state] if pattern == "." else sorted(state.glob(pattern))[:_MOST]:
            owners = state_owner if pattern == "." or pattern in root_owned else owner
            found += _seen(path, mode, open_to, owners, any_owner=pattern in root_owned)
    yield Entries(program=program, about=str(state), entries=tuple(found))
    for folder in _closed(state, [pattern for pattern, _, _ in wanted]):
        yield Unseen(program=program, about=str(folder), why="what is in it is not for this user to see", remedy=_ROOT)


def _closed(state: Path, patterns: Sequence[str]) -> Sequence[Path]:
    """Return the folders whose content we cannot see, the state itself alone if it is one of them."""
    if not os.access(state, os.X_OK):
        return [state]
    folders = dict.fromkeys(state / pattern.partition("/")[0] for pattern in patterns if "/" in pattern)
    return [folder for folder in folders if folder.exists() and not os.access(folder, os.R_OK | os.X_OK)]


def _seen(path: Path, mode: int, open_to: int, owner: int, *, any_owner: bool) -> Iterator[Entry]:
    try:
        found = path.lstat()
    except OSError:
        return  # gone since a moment ago
    if not stat.S_ISLNK(found.st_mode):
        wanted = mode if stat.S_ISDIR(found.st_mode) == (mode & 0o100 != 0) else mode | 0o100  # a folder where files were meant
        yield _entry(path, wanted, open_to, found.st_uid if any_owner else owner)


def _entry(path: Path, mode: int, open_to: int, owner: int) -> Entry:
    found = path.lstat()
    return Entry(
        path=str(path), mode=stat.S_IMODE(found.st_mode) & 0o777, owner=found.st_uid, wanted_mode=mode, wanted_owner=owner, open_to=open_to
    )
