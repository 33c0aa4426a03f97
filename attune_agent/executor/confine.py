"""Turning a freshly forked process into a confined one: its uid, its privileges, its descriptors, its signals.

`slots` calls it in a new keeper, `sweep` in the short-lived process that cleans up after one. Order matters: groups, gid, uid (which
drops every capability), then the prctl flags; a non-dumpable process's /proc/<pid>/{fd,mem,environ} are closed to its own uid.
"""

import contextlib
import ctypes
import os
import resource
import signal
from dataclasses import dataclass

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_CHILD_SUBREAPER = 4, 38, 36
_libc = ctypes.CDLL(None, use_errno=True)
#: What a keeper ignores, as Python does: a write says so by its error. What it starts does not ignore them.
IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)


class NotConfined(OSError):
    """The kernel did not grant a confinement; the process must not go on."""


@dataclass(frozen=True, slots=True)
class User:
    """A user of the host whom a grant lets an attempt be; its other processes are none of ours."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    #: Whether programs that give more privileges (sudo) give them.
    privileges: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a process is to be: an own uid (whose every process it may kill), a granted user, or neither: the executor's own user."""

    uid: int | None
    user: User | None = None

    @property
    def owner(self) -> tuple[int, int] | None:
        """Return the uid and gid that its files have; None: those of the executor."""
        if self.user is not None:
            return self.user.uid, self.user.gid
        return None if self.uid is None else (self.uid, self.uid)


def become(identity: Identity) -> None:
    """Change to the identity for good."""
    if identity.uid is not None and identity.uid <= 0:
        raise NotConfined("no attempt has root's uid for its own")
    if identity.owner is not None:
        uid, gid = identity.owner
        os.setgroups(identity.user.groups if identity.user is not None else [])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        if os.getresuid() != (uid,) * 3:
            raise NotConfined(f"the uid is not {uid}")
    conceal()
    if identity.user is None or not identity.user.privileges:
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    adopt_orphans()


def bound_files(soft: int = 1024, hard: int = 65_536) -> None:
    """Bound the descriptors of each process; the executor itself may have been given more."""
    _, given = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = hard if given == resource.RLIM_INFINITY else min(hard, given)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, most), most))


def bound_processes(most: int) -> None:
    """Bound the processes and threads of this process's uid, where it is one that no other attempt has."""
    _, given = resource.getrlimit(resource.RLIMIT_NPROC)
    bound = most if given == resource.RLIM_INFINITY else min(most, given)
    resource.setrlimit(resource.RLIMIT_NPROC, (bound, bound))


def conceal() -> None:
    """Keep memory, environment and descriptors of this process from its own uid, and write no core."""
    _prctl(_PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def keep_only(descriptor: int) -> int:
    """Close every descriptor but this one, which is returned as 3; 0 to 2 become /dev/null."""
    null = os.open(os.devnull, os.O_RDWR)
    if null <= 3 or descriptor <= 3:
        raise NotConfined("the standard descriptors must be open")
    for standard in range(3):
        os.dup2(null, standard)
    os.dup2(descriptor, 3, inheritable=False)
    os.closerange(4, 1 << 30)
    return 3


def plain_signals() -> None:
    """Forget the executor's handlers; what was ignored at its start (nohup) is not ignored by attempts either."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_IGN if number in IGNORED else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


class OutOfMemoryScore:
    """How gladly the kernel kills this process when memory is short; opened as root, a concealed process without privileges cannot."""

    def __init__(self) -> None:
        try:
            self._file = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        except PermissionError:
            self._file = -1

    def put(self, score: int) -> None:
        """Set it; children inherit it. Going below what root has given is a privilege that may be missing."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.write(self._file, str(score).encode("ascii"))


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise NotConfined(error, f"prctl({option}): {os.strerror(error)}")
