"""One cgroup per slot, in which its keeper and so every process of its attempts lives: bounds of memory and processes, and who hit one.

`main` makes them where the host lets it (as root, with controllers); `slots` moves a new keeper in, `starting` sets an attempt's bounds,
`hosting` asks afterwards which was hit. Without controllers there are none, and a slot's processes are bounded by RLIMIT_NPROC alone.
"""

import contextlib
import os
import select
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from attune_agent.executor.protocol import Limit

#: What a keeper needs for itself beside its attempt: its own pages, and the pages of the log files that it writes.
_KEEPERS_MEMORY = 16 << 20
_KEEPERS_PROCESSES = 1
_UNBOUNDED = 1 << 62


@dataclass(frozen=True, slots=True)
class _Controller:
    """The files of one controller: where its bound stands (and that of memory with swap), where a hit is counted and under which key."""

    bound: str
    with_swap: str
    events: str
    key: bytes


_PIDS = _Controller("pids.max", "", "pids.events", b"max")
_VERSION_1 = {"memory": _Controller("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.oom_control", b"oom_kill")}
#: Written from cgroups(7) and the kernel's cgroup-v2 page; no host with these controllers was at hand to test it on.
_VERSION_2 = {"memory": _Controller("memory.max", "memory.swap.max", "memory.events", b"oom_kill")}


@dataclass(slots=True)
class Group:
    """The cgroup of one slot: a folder per controller (version 2: the same one)."""

    folders: Mapping[str, Path]
    controllers: Mapping[str, _Controller]
    _bounds: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)
    #: The files that count hits, open: they are read after every attempt.
    _events: dict[str, int] = field(default_factory=dict)

    def enter(self) -> None:
        """Move the calling process in; what it starts later is in it too."""
        for folder in set(self.folders.values()):
            _write(folder / "cgroup.procs", "0")

    def bound(self, memory: int, processes: int) -> None:
        """Set the bounds of the attempt that starts now; the keeper's own share comes on top."""
        self._bound("memory", memory + _KEEPERS_MEMORY)
        self._bound("pids", processes + _KEEPERS_PROCESSES)

    def limit_hit(self) -> Limit:
        """Return which bound was hit since this was last asked; empty: none."""
        seen, self._seen = self._seen, dict(self._hits())
        hit = {name for name, count in self._seen.items() if count > seen.get(name, 0)}
        return "memory" if "memory" in hit else "processes" if "pids" in hit else ""

    def empty(self, patience: float) -> bool:
        """Let nothing new start and kill what is in it; tell whether it is empty within so many seconds."""
        self._bound("pids", 0)
        poll = select.poll()
        for _ in range(max(1, round(patience / 0.01))):
            pids = self.pids()
            if not pids:
                return True
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)  # with no new ones allowed, a pid in this list is nobody else's
            poll.poll(10)
        return False

    def renew(self) -> None:
        """Be a new group, unless something lives in it: files that an attempt left on a tmpfs stay counted in the old one."""
        for folder in set(self.folders.values()):
            with contextlib.suppress(OSError):
                folder.rmdir()
            with contextlib.suppress(OSError):  # the next keeper says that it cannot enter, ends, and this is tried again
                folder.mkdir(exist_ok=True)
        self._bounds.clear()
        self.close()
        with contextlib.suppress(OSError):
            self.limit_hit()  # a new one counts from nothing

    def close(self) -> None:
        """Close what is kept open; it is opened again when it is needed."""
        for descriptor in self._events.values():
            os.close(descriptor)
        self._events.clear()

    def pids(self) -> set[int]:
        """Return the processes in it."""
        found: set[int] = set()
        for folder in self.folders.values():
            found.update(map(int, (folder / "cgroup.procs").read_text(encoding="ascii").split()))
        return found

    def remove(self) -> None:
        """Remove it; one that is in use stays."""
        for folder in set(self.folders.values()):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _bound(self, name: str, value: int) -> None:
        if name not in self.folders or self._bounds.get(name) == value:
            return
        folder, files = self.folders[name], self.controllers[name]
        if not files.with_swap or not (folder / files.with_swap).exists():
            _write(folder / files.bound, str(value))
        elif files.with_swap == "memory.swap.max":
            _write(folder / files.with_swap, "0")
            _write(folder / files.bound, str(value))
        else:  # the bound with swap is never below the other: a lower one is set last, a higher one first
            order = (files.bound, files.with_swap) if value < self._bounds.get(name, _UNBOUNDED) else (files.with_swap, files.bound)
            for file in order:
                _write(folder / file, str(value))
        self._bounds[name] = value

    def _hits(self) -> Iterator[tuple[str, int]]:
        for name, folder in self.folders.items():
            files = self.controllers[name]
            if name not in self._events:
                self._events[name] = os.open(folder / files.events, os.O_RDONLY | os.O_CLOEXEC)
            for line in os.pread(self._events[name], 4096, 0).splitlines():
                key, _, value = line.partition(b" ")
                if key == files.key:
                    yield name, int(value)


class Groups:
    """The groups of this executor, below its own."""

    def __init__(self, parents: Mapping[str, Path], controllers: Mapping[str, _Controller]) -> None:
        self._parents = parents
        self._controllers = controllers

    @property
    def limits(self) -> list[Limit]:
        """Return what they bound, in words."""
        words: tuple[tuple[str, Limit], ...] = (("memory", "memory"), ("pids", "processes"))
        return [word for name, word in words if name in self._parents]

    def left(self) -> list[Group]:
        """Return the groups that are there from an earlier life."""
        names = {path.name for parent in self._parents.values() if parent.exists() for path in parent.iterdir() if path.is_dir()}
        return [group for name in sorted(names) if (group := self._group(name)).folders]

    def make(self, slot: int) -> Group:
        """Make the group of a slot."""
        for parent in self._parents.values():
            (parent / str(slot)).mkdir(parents=True, exist_ok=True)
        group = self._group(str(slot))
        group.limit_hit()
        group.close()
        return group

    def remove(self) -> None:
        """Remove what is empty."""
        for group in self.left():
            group.remove()
        for parent in set(self._parents.values()):
            with contextlib.suppress(OSError):
                parent.rmdir()

    def _group(self, name: str) -> Group:
        folders = {one: parent / name for one, parent in self._parents.items() if (parent / name).is_dir()}
        return Group(folders, self._controllers)


def find_groups(state: str) -> Groups | None:
    """Return the groups for the executor with this state id; None where the host has no controllers for them, or gives none to it."""
    name = f"attune-executor-{state[:16]}"
    try:
        own = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()]
        return _version_1(own, name) or _version_2(own, name)
    except OSError:
        return None


def _version_1(own: list[list[str]], name: str) -> Groups | None:
    parents: dict[str, Path] = {}
    for _, controllers, path in own:
        for controller in {"memory", "pids"} & set(controllers.split(",")):
            place = _mounted("cgroup", controller, path)
            if place is not None:
                (place / name).mkdir(exist_ok=True)
                parents[controller] = place / name
    return Groups(parents, {**_VERSION_1, "pids": _PIDS}) if parents else None


def _version_2(own: list[list[str]], name: str) -> Groups | None:
    """A group with controllers holds no processes itself (cgroups(7)): the executor moves into a leaf beside its slots.

    Needs a group of its own: `Delegate=yes` in its unit. Not tested, see `_VERSION_2`.
    """
    place = next((_mounted("cgroup2", "", path) for number, _, path in own if number == "0"), None)
    if place is None:
        return None
    there = {"memory", "pids"} & set((place / "cgroup.controllers").read_text(encoding="ascii").split())
    if not there:
        return None
    (place / "executor").mkdir(exist_ok=True)
    _write(place / "executor" / "cgroup.procs", "0")
    _write(place / "cgroup.subtree_control", " ".join(f"+{controller}" for controller in sorted(there)))
    (place / name).mkdir(exist_ok=True)
    _write(place / name / "cgroup.subtree_control", " ".join(f"+{controller}" for controller in sorted(there)))
    return Groups(dict.fromkeys(sorted(there), place / name), {**_VERSION_2, "pids": _PIDS})


def _mounted(kind: str, controller: str, path: str) -> Path | None:
    """Return where a cgroup path is mounted (proc(5), mountinfo); a container may see only a part of the tree."""
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        fields, _, rest = line.partition(" - ")
        _, _, _, root, mount, *_ = fields.split()
        found, _, options = rest.split(" ", 2)
        if found == kind and (not controller or controller in options.split(",")):
            below = path.removeprefix(root) if root != "/" else path
            place = Path(mount, below.lstrip("/"))
            return place if place.is_dir() else None
    return None


def _write(path: Path, value: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, value.encode("ascii"))
    finally:
        os.close(descriptor)
