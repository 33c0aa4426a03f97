"""Starting the action's main process inside the keeper: resolved, with exactly the given environment, never through a shell.

`attempt` calls it. Without limits it is posix_spawn, which costs what nothing could cost less; limits have to be set between fork and
exec, and that costs a fork. A path is looked up as the action's uid, because the keeper already is it.
"""

import errno
import os
import resource
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from attune_agent.executor.confine import IGNORED

#: Errors that say something about the host at this moment and nothing about the action.
_PASSING = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EINTR})


class NotSpawned(Exception):
    """Nothing was started; `passing` says that the host lacked something, not that the action is wrong."""

    def __init__(self, detail: str, *, passing: bool) -> None:
        super().__init__(detail)
        self.passing = passing


class Command(NamedTuple):
    """What to start and where."""

    argv: Sequence[str]
    executable: str  # the file that the first word of the argv means
    environment: Mapping[str, str]
    folder: str
    processes: int | None
    open_files: int | None
    umask: int
    inherited: tuple[int, ...] = ()


def spawn(command: Command, stdin: int, stdout: int, stderr: int) -> int:
    """Start it as the leader of a new session and return its pid."""
    limits = _limits(command)
    try:
        if limits:
            return _fork(command, limits, (stdin, stdout, stderr))
        return _spawn(command, (stdin, stdout, stderr))
    except OSError as error:
        raise _explained(error, command) from error


def describe_os_error(error: OSError) -> str:
    """Return the errno's name and text, as outcomes and refusals show it."""
    return f"{errno.errorcode.get(error.errno or 0, 'error')}: {error.strerror or error}"


def not_spawned(error: OSError) -> NotSpawned:
    """Return the failure of a preparation step."""
    return NotSpawned(describe_os_error(error), passing=True)


def _spawn(command: Command, streams: tuple[int, int, int]) -> int:
    """Start it by posix_spawn, which knows neither folder nor umask: the child has the keeper's of this moment."""
    actions = [(os.POSIX_SPAWN_DUP2, stream, number) for number, stream in enumerate(streams)]
    os.chdir(command.folder)
    umask = os.umask(command.umask)
    try:
        # Every other descriptor of a keeper is closed by exec; what it ignores itself, the action does not.
        return os.posix_spawn(
            command.executable,
            tuple(command.argv),
            command.environment,
            file_actions=actions,
            setsid=True,
            setsigmask=(),
            setsigdef=IGNORED,
        )
    finally:
        os.umask(umask)
        os.chdir("/")


def _fork(command: Command, limits: list[tuple[int, int]], streams: tuple[int, int, int]) -> int:
    started = subprocess.Popen(
        command.argv,
        executable=command.executable,
        env=command.environment,
        cwd=command.folder,
        stdin=streams[0],
        stdout=streams[1],
        stderr=streams[2],
        start_new_session=True,
        umask=command.umask,
        pass_fds=command.inherited,
        preexec_fn=lambda: _lower(limits),  # noqa: PLW1509 - one thread; setting them later would be a race
    )
    started.returncode = 0  # the keeper reaps; without this the object would wait for a pid that may be another's by then
    return started.pid


def resolve(name: str, environment: Mapping[str, str]) -> str:
    """Return the file that the first word of an argv means; `NotSpawned` when it is nowhere."""
    if "/" in name:
        return name
    forbidden = None
    for folder in environment.get("PATH", "").split(":"):
        path = os.path.join(folder, name)  # noqa: PTH118 - the very text that execve gets
        if folder.startswith("/") and os.path.isfile(path):  # noqa: PTH113 - Path.is_file would raise on what may not be looked at
            if os.access(path, os.X_OK):
                return path
            forbidden = forbidden or path
    if forbidden:
        raise NotSpawned(f"EACCES: {forbidden} is not executable for uid {os.getuid()}", passing=False)
    raise NotSpawned(f"ENOENT: {name!r} is in no directory of PATH ({environment.get('PATH', 'not set')})", passing=False)


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


def _explained(error: OSError, command: Command) -> NotSpawned:
    text, executable = describe_os_error(error), command.executable
    if error.errno in _PASSING:
        return NotSpawned(text, passing=True)
    if error.filename == command.folder != executable:
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
