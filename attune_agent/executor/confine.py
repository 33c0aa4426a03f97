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


class NotConfined(OSError):
    """The kernel did not grant a confinement; the process must not go on."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a process is to be: an own uid (whose every process it may kill), or None for the executor's uid without that right."""

    uid: int | None


def become(identity: Identity) -> None:
    """Change to the identity for good."""
    if identity.uid is not None:
        if identity.uid <= 0:
            raise NotConfined("an attempt never runs as root")
        os.setgroups([])
        os.setresgid(identity.uid, identity.uid, identity.uid)
        os.setresuid(identity.uid, identity.uid, identity.uid)
        if os.getresuid() != (identity.uid,) * 3:
            raise NotConfined(f"the uid is not {identity.uid}")
    conceal()
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    adopt_orphans()


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
    """Forget the executor's handlers; what was ignored at its start (nohup) is not ignored by attempts either.

    SIGPIPE and SIGXFSZ stay ignored, as Python has them: a write says so by its error, and `subprocess` gives children the default.
    """
    ignored = (signal.SIGPIPE, signal.SIGXFSZ)
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def out_of_memory_score(score: int) -> None:
    """Say how gladly the kernel may kill this process when memory is short; lowering it is a privilege that may be missing."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123 - no pathlib here
        file.write(str(score))


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise NotConfined(error, f"prctl({option}): {os.strerror(error)}")
