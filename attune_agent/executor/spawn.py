"""Starting the action's main process inside the keeper: resolved, with exactly the given environment, never through a shell.

`attempt` calls it. `subprocess` uses vfork here (no change of uid, no preexec), which measures like a bare posix_spawn. A path is looked
up as the action's uid, because the keeper already is it.
"""

import errno
import os
import resource
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Errors that say something about the host at this moment and nothing about the action.
_PASSING = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EINTR})


class NotSpawned(Exception):
    """Nothing was started; `passing` says that the host lacked something, not that the action is wrong."""

    def __init__(self, detail: str, *, passing: bool) -> None:
        super().__init__(detail)
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Command:
    """What to start and where."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: str
    processes: int | None
    open_files: int | None
    umask: int


def spawn(command: Command, stdin: int, stdout: int, stderr: int) -> int:
    """Start it as the leader of a new session and return its pid."""
    executable = _resolve(command)
    limits = _limits(command)
    try:
        started = subprocess.Popen(
            command.argv,
            executable=executable,
            env=command.environment,
            cwd=command.folder,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            umask=command.umask,
            preexec_fn=(lambda: _lower(limits)) if limits else None,  # noqa: PLW1509 - one thread; setting them later would be a race
        )
    except OSError as error:
        raise _explained(error, command, executable) from error
    started.returncode = 0  # the keeper reaps; without this the object would wait for a pid that may be another's by then
    return started.pid


def describe_os_error(error: OSError) -> str:
    """Return the errno's name and text, as outcomes and refusals show it."""
    return f"{errno.errorcode.get(error.errno or 0, 'error')}: {error.strerror or error}"


def not_spawned(error: OSError) -> NotSpawned:
    """Return the failure of a preparation step."""
    return NotSpawned(describe_os_error(error), passing=True)


def _resolve(command: Command) -> str:
    name = command.argv[0]
    if "/" in name:
        return name
    forbidden = None
    for folder in command.environment.get("PATH", "").split(":"):
        path = os.path.join(folder, name)  # noqa: PTH118 - the very text that execve gets
        if folder.startswith("/") and os.path.isfile(path):  # noqa: PTH113 - Path.is_file would raise on what may not be looked at
            if os.access(path, os.X_OK):
                return path
            forbidden = forbidden or path
    if forbidden:
        raise NotSpawned(f"EACCES: {forbidden} is not executable for uid {os.getuid()}", passing=False)
    raise NotSpawned(f"ENOENT: {name!r} is in no directory of PATH ({command.environment.get('PATH', 'not set')})", passing=False)


def _limits(command: Command) -> list[tuple[int, int]]:
    """Return the limits to set between fork and exec (which costs the vfork, so only where there are any)."""
    wanted = []
    if command.processes is not None:
        wanted.append((resource.RLIMIT_NPROC, command.processes + 1))  # the keeper counts among its uid's processes
    if command.open_files is not None:
        wanted.append((resource.RLIMIT_NOFILE, command.open_files))
    return wanted


def _lower(limits: list[tuple[int, int]]) -> None:
    for limit, value in limits:
        _, hard = resource.getrlimit(limit)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (bound, bound))


def _explained(error: OSError, command: Command, executable: str) -> NotSpawned:
    text = describe_os_error(error)
    if error.errno in _PASSING:
        return NotSpawned(text, passing=True)
    if error.filename == command.folder and not Path(command.folder).is_dir():
        return NotSpawned(f"{text}: the folder {command.folder}", passing=False)
    target = Path(command.folder, executable)
    if error.errno == errno.ENOENT and target.is_file():
        return NotSpawned(f"{text}: the interpreter of {executable} ({_first_line(target)}) does not exist", passing=False)
    return NotSpawned(f"{text}: {executable}", passing=False)


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            line = file.readline(128).rstrip()
    except OSError:
        return "unreadable"
    return line.decode("ascii", "replace") if line.startswith(b"#!") else "of its binary format"
