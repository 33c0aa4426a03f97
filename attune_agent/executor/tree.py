"""Signalling and emptying the whole tree of an attempt from inside its keeper.

As an own uid, `kill(-1)` reaches every process of that uid and spares the caller. Without one it would reach everything the user runs,
so there the keeper walks its descendants instead: it is their subreaper, nobody escapes it by a double fork or a new session.
"""

import os
import select
import signal
from collections.abc import Sequence
from typing import Protocol

from attune_agent.executor.confine import Identity
from attune_agent.executor.processes import Process, descendants, send_signal, uids_in_use
from attune_agent.executor.shared_memory import SharedMemory

#: How often a tree is looked at again for processes that were forked while the last ones were being stopped.
_ROUNDS = 50


class Tree(Protocol):
    """The processes of the attempt that this keeper hosts."""

    def terminate(self) -> None:
        """Ask every process to end."""
        ...

    def kill(self) -> None:
        """End every process."""
        ...

    def remove_memory(self) -> None:
        """Remove the shared memory that they left, once there is none of them."""
        ...


def tree_of(identity: Identity) -> Tree:
    """Return the tree that fits the identity this process has."""
    return _Descendants() if identity.uid is None else _WholeUid(identity.uid)


def empty_uid(uid: int, tree: Tree) -> None:
    """Kill until this process is the only one of its uid, which then has nothing in memory either."""
    poll = select.poll()
    while uids_in_use(uid, uid, but=os.getpid()):
        tree.kill()
        poll.poll(5)
    tree.remove_memory()


class _WholeUid:
    """Every process of the slot's uid but the keeper."""

    def __init__(self, uid: int) -> None:
        self._uid = uid
        self._memory = SharedMemory(uid)

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def remove_memory(self) -> None:
        self._memory.remove()

    def _signal(self, number: int) -> None:
        if self._uid <= 0 or os.getresuid() != (self._uid,) * 3:
            raise RuntimeError("kill(-1) is only for a process that has a slot's uid")
        try:
            os.kill(-1, number)
        except (ProcessLookupError, PermissionError):
            return  # there is nobody else


class _Descendants:
    """Everything that descends from the keeper."""

    def terminate(self) -> None:
        for number in (signal.SIGTERM, signal.SIGCONT):
            for found in descendants(os.getpid()):
                send_signal(found, number)

    def kill(self) -> None:
        if not _is_childless():
            kill_all(stop_all(os.getpid()))

    def remove_memory(self) -> None:
        """Leave it: the user has other processes, and it may be theirs."""


def _is_childless() -> bool:
    """Tell whether nothing descends from this process, without a look at all of /proc: an orphan would be a subreaper's child."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def terminate_sandboxed(main: int) -> None:
    """Ask the processes in a sandbox to end, not the two of bubblewrap around them: `main` would die of it, and the exit code be lost."""
    inside = [found for found in descendants(os.getpid()) if main not in (found.pid, found.parent)]
    for number in (signal.SIGTERM, signal.SIGCONT):
        for found in inside:
            send_signal(found, number)


def stop_all(ancestor: int, but: Sequence[int] = (), spared: int | None = None) -> list[Process]:
    """Stop the descendants of a process until no new one appears, so that none forks away from the killing; return them.

    Those in the session `spared` are left alone.
    """
    stopped: dict[tuple[int, int], Process] = {}
    for _ in range(_ROUNDS):
        living = [found for found in descendants(ancestor, but) if found.session != spared]
        new = [found for found in living if (found.pid, found.ticks) not in stopped]
        if not new:
            break
        for found in new:
            send_signal(found, signal.SIGSTOP)
            stopped[(found.pid, found.ticks)] = found
    return list(stopped.values())


def kill_all(targets: list[Process]) -> None:
    """End these processes."""
    for target in targets:
        send_signal(target, signal.SIGKILL)


def kill_orphans(keepers: Sequence[int]) -> bool:
    """Kill what dead keepers left to this process, sparing the trees of the living ones; tell whether there was anything."""
    own = os.getsid(0)  # what the executor does aside is in its own session, an attempt never
    orphans = stop_all(os.getpid(), but=keepers, spared=own)
    kill_all(orphans)
    return bool(orphans)
